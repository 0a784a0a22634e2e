/** Lambda, as far as one function needs it: an execution environment of its own, and its log under the role's policies. */
import { type ChildProcess, fork } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type Judge, judgeBy } from '../../sandbox/aws/policies.ts'
import type { Clock } from '../../sandbox/clock.ts'
import { REGION } from '../../sandbox/sandbox.ts'
import { shareClock } from '../../sandbox/shared-clock.ts'
import type { DeployedFunction } from './assembly.ts'
import { endOf, type Invoke, type Invoked, isInvoked } from './protocol.ts'

const BOOTSTRAP = fileURLToPath(new URL('./bootstrap.ts', import.meta.url))

export interface Lambda {
  /** @returns what came of it, and all that it wrote, line by line */
  invoke(event: unknown, world: Invoke['world']): Promise<Invoked & { readonly lines: readonly string[] }>
  /** All that it ever wrote, also between invocations. */
  log(): string
  stop(): Promise<void>
}

/**
 * The first call starts the environment, and further ones find it warm.
 *
 * @param env how AWS is found and who calls: credentials and endpoint
 * @param clock what it sleeps by where an invocation gives it a world
 */
export function createLambda(
  deployed: DeployedFunction,
  env: Readonly<Record<string, string>>,
  judge: Judge = judgeBy(deployed.policies),
  clock: Clock | null = null,
): Lambda {
  let child: ChildProcess | null = null
  const lines: string[] = []
  let invocations = 0
  /** `line` at each line written, `end` when the process has ended. */
  const events = new EventEmitter()

  return {
    async invoke(event, world) {
      const stream = `${deployed.logGroupArn.replace(/\*$/, '')}log-stream:one`
      if (!child) {
        await mayLog('logs:CreateLogStream', deployed.logGroupArn)
        child = start()
      }
      await mayLog('logs:PutLogEvents', stream)
      const begin = lines.length
      const requestId = `request-${++invocations}`
      const stopWaiting = new AbortController()
      const { signal } = stopWaiting
      const answered = answer(child, signal)
      const seen = lineSeen(endOf(requestId), begin, signal)
      child.send({ requestId, event, world, timeoutMs: deployed.timeoutMs } satisfies Invoke)
      try {
        const [invoked] = await Promise.race([Promise.all([answered, seen]), died(signal)])
        const own = lines.slice(begin, lines.indexOf(endOf(requestId), begin))
        return { ...invoked, lines: own.filter((line) => line !== '') }
      } finally {
        seen.catch(() => undefined)
        stopWaiting.abort()
      }
    },
    log: () => lines.join('\n'),
    async stop() {
      if (!child || child.exitCode !== null || child.signalCode !== null) return
      const gone = once(child, 'close')
      child.kill()
      await gone
    },
  }

  /** Asked for before the question, so that no message is missed. */
  function answer(from: ChildProcess, signal: AbortSignal): Promise<Invoked> {
    return new Promise((resolve) => {
      const look = (message: object) => {
        if (isInvoked(message)) resolve(message)
      }
      from.on('message', look)
      signal.addEventListener('abort', () => from.off('message', look))
    })
  }

  async function died(signal: AbortSignal): Promise<never> {
    const [code] = await once(events, 'end', { signal })
    throw new Error(`the function's process ended with ${code}: ${lines.join('\n')}`)
  }

  async function lineSeen(line: string, begin: number, signal: AbortSignal): Promise<void> {
    while (!lines.includes(line, begin)) await once(events, 'line', { signal })
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
      cwd: deployed.folder,
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
    if (clock) shareClock(started, clock)
    for (const output of [started.stdout, started.stderr]) collectLines(output)
    started.once('exit', (code, signal) => events.emit('end', code ?? signal))
    return started
  }

  function collectLines(output: NodeJS.ReadableStream | null): void {
    let rest = ''
    output?.setEncoding('utf8').on('data', (chunk: string) => {
      const parts = `${rest}${chunk}`.split('\n')
      rest = parts.pop() ?? ''
      lines.push(...parts)
      events.emit('line')
    })
  }
}
