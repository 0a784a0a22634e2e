/** Lambda, as far as one function needs it: an execution environment of its own, and its log under the role's policies. */
import { type ChildProcess, fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Judge, judgeBy } from '../../sandbox/aws/policies.ts'
import { REGION } from '../../sandbox/sandbox.ts'
import type { DeployedFunction } from './assembly.ts'
import { endOf, type Invoke, type Invoked } from './protocol.ts'

const BOOTSTRAP = fileURLToPath(new URL('./bootstrap.ts', import.meta.url))

export interface Lambda {
  /** @returns what came of it, and all that it wrote, line by line */
  invoke(event: unknown, world: Invoke['world']): Promise<Invoked & { readonly lines: readonly string[] }>
  stop(): Promise<void>
}

/**
 * The first call starts the environment, and further ones find it warm.
 *
 * @param env how AWS is found and who calls: credentials and endpoint
 */
export function createLambda(
  deployed: DeployedFunction,
  env: Readonly<Record<string, string>>,
  judge: Judge = judgeBy(deployed.policies),
): Lambda {
  let child: ChildProcess | null = null
  let lines: string[] = []
  let invocations = 0
  const written = new EventEmitter()

  return {
    async invoke(event, world) {
      const stream = `${deployed.logGroupArn.replace(/\*$/, '')}log-stream:one`
      if (!child) {
        await mayLog('logs:CreateLogStream', deployed.logGroupArn)
        child = start()
      }
      await mayLog('logs:PutLogEvents', stream)
      lines = []
      const requestId = `request-${++invocations}`
      const answered = once(child, 'message') as Promise<[Invoked]>
      const ended = died(child)
      // it also ends when it is stopped, and then nobody waits for it
      ended.catch(() => undefined)
      child.send({ requestId, event, world } satisfies Invoke)
      const [[invoked]] = await Promise.race([Promise.all([answered, lineSeen(endOf(requestId))]), ended])
      return { ...invoked, lines: lines.filter((line) => line !== endOf(requestId)) }
    },
    async stop() {
      if (!child || child.exitCode !== null) return
      const gone = once(child, 'exit')
      child.kill()
      await gone
    },
  }

  async function died(running: ChildProcess): Promise<never> {
    const [code] = await once(running, 'exit')
    throw new Error(`the function's process ended with ${code}: ${lines.join('\n')}`)
  }

  async function lineSeen(line: string): Promise<void> {
    while (!lines.includes(line)) await once(written, 'lines')
  }

  /** Lambda itself says nothing where its role may not log: then the log is empty, and here that is an error. */
  async function mayLog(action: string, resource: string): Promise<void> {
    if (!(await judge({ action, resources: [resource], conditions: {} })))
      throw new Error(`the function's log is lost: its role may not ${action} on ${resource}`)
  }

  function start(): ChildProcess {
    const started = fork(BOOTSTRAP, {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      execArgv: [],
      env: {
        ...deployed.environment,
        ...env,
        AWS_REGION: REGION,
        AWS_LAMBDA_LOG_FORMAT: 'JSON',
        AWS_LAMBDA_LOG_LEVEL: deployed.logLevel,
        LAMBDA_TASK_ROOT: deployed.folder,
        _HANDLER: deployed.handler,
      },
    })
    for (const output of [started.stdout, started.stderr]) collectLines(output)
    return started
  }

  function collectLines(output: NodeJS.ReadableStream | null): void {
    let rest = ''
    output?.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = `${rest}${chunk}`.split('\n')
      rest = parts.pop() ?? ''
      lines.push(...parts)
      written.emit('lines')
    })
  }
}
