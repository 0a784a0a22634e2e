/** Two ways to run the function in a trial: its source in this process, or what a cloud assembly deploys, in Lambda's. */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, Stack } from 'aws-cdk-lib'
import { generateKey } from '../../lambda/adapters/node-keys.ts'
import { DEFAULTS, type Settings } from '../../lambda/domain/defaults.ts'
import { ENV } from '../../lambda/domain/env.ts'
import type { LoggedEvent } from '../../lambda/domain/events.ts'
import { DAY_MS } from '../../lambda/domain/instant.ts'
import { stateTable } from '../../lambda/domain/names.ts'
import type { RotationError } from '../../lambda/domain/rotation-error.ts'
import { createHandler } from '../../lambda/handler.ts'
import { CertificateRotation } from '../../lib/certificate-rotation.ts'
import { judgeBy, type Policy } from '../sandbox/aws/policies.ts'
import type { Clock } from '../sandbox/clock.ts'
import { REGION, type Sandbox } from '../sandbox/sandbox.ts'
import { type DeployedFunction, readAssembly } from './deployed/assembly.ts'
import { createLambda, type Lambda } from './deployed/lambda.ts'
import { keysIn } from './keys.ts'
import { PATIENT } from './patient.ts'

/** What every trial is called. */
export const DEPLOYMENT = 'trial'

export interface Invoked {
  /** What the handler threw. */
  readonly error: { readonly code: string; readonly message: string } | null
  readonly events: readonly LoggedEvent[]
  /** As it went to stdout, metrics among it. */
  readonly stdout: readonly string[]
}

export interface Runner {
  configure(text: string | null): void
  /**
   * @param intervalMs time to the next run; `null` for the usual
   * @param remainingMs until Lambda would kill it; `null` for as long as it takes, or as it is deployed
   */
  invoke(invocation: object, intervalMs: number | null, remainingMs: number | null): Promise<Invoked>
  /** Every private key that is known here: all that were made, or, of what is deployed, what came to AWS. */
  keys(): readonly KeyObject[]
  /** All that anybody could read. */
  output(): string
  stop(): Promise<void>
}

export interface Surroundings {
  readonly sandbox: Sandbox
  readonly clock: Clock
  /** Looked at in each run. */
  readonly settings: Partial<Settings>
}

export function sourceRunner({ sandbox, clock, settings }: Surroundings): Runner {
  const keys: KeyObject[] = []
  let config: string | null = '[]'
  let output = ''
  return {
    configure(text) {
      config = text
    },
    async invoke(invocation, intervalMs, remainingMs) {
      const lines: string[] = []
      const stdout: string[] = []
      const print = (event: LoggedEvent) => void lines.push(JSON.stringify(event))
      const handler = createHandler({
        env: {
          [ENV.region]: REGION,
          [ENV.deployment]: DEPLOYMENT,
          [ENV.intervalMs]: String(intervalMs ?? DAY_MS),
        },
        readConfig() {
          if (config === null) throw new Error('ENOENT: no such file')
          return config
        },
        log: { info: print, warn: print, error: print },
        writeMetrics: (line) => void stdout.push(line),
        time: clock,
        settings: { ...DEFAULTS, ...PATIENT, ...settings },
        dial: async (dnsName, port) => [sandbox.placeOf(dnsName, port) ?? { host: '127.0.0.1', port: 9 }],
        makeKey: async (keyType) => {
          const key = await generateKey(keyType)
          keys.push(key)
          return key
        },
      })
      const context = remainingMs === null ? {} : { getRemainingTimeInMillis: () => remainingMs }
      const error = await handler(invocation, context).then(
        () => null,
        (thrown: RotationError) => thrown,
      )
      output += lines.join('\n') + String(error?.message ?? '') + String(error?.stack ?? '')
      return { error, events: lines.map((line) => JSON.parse(line) as LoggedEvent), stdout }
    },
    output: () => output,
    keys: () => [...keys, ...sandbox.iam.all().map(({ privateKey }) => createPrivateKey(privateKey))],
    async stop() {},
  }
}

/** @param amend changes the policies before they are enforced */
export function deployedRunner(
  { sandbox, clock, settings }: Surroundings,
  amend: (policies: readonly Policy[]) => readonly Policy[] = (policies) => policies,
): Runner {
  const folder = mkdtempSync(join(tmpdir(), 'elb-cert-rotator-deployed-'))
  const { NODE_EXTRA_CA_CERTS: _, ...env } = sandbox.env
  const lambdas: Lambda[] = []
  if (Object.keys(settings).length > 0) throw new Error('what is deployed has the settings that it has')
  return {
    configure(text) {
      const file = join(folder, 'certificates.json')
      writeFileSync(file, text ?? '')
      const deployed = synthesise(file, join(folder, `assembly-${lambdas.length}`))
      // the trial has made it already, as CloudFormation would have
      if (deployed.tables.join() !== stateTable(DEPLOYMENT)) throw new Error('the template has another table')
      const judge = judgeBy(amend(deployed.policies))
      sandbox.aws.enforce(judge)
      lambdas.push(createLambda(deployed, env, judge, clock))
    },
    async invoke(invocation, intervalMs) {
      if (intervalMs !== null) throw new Error('the interval of what is deployed comes with it')
      const lambda = lambdas.at(-1)
      if (!lambda) throw new Error('nothing is deployed')
      const world = { now: clock.now(), places: places() }
      const { lines, ...invoked } = await lambda.invoke(invocation, world)
      const logged = lines.flatMap(messageIn)
      const code = logged.findLast((message) => 'errorType' in message)?.code ?? 'bug/unexpected'
      return {
        error: 'errorType' in invoked ? { code, message: invoked.errorMessage } : null,
        events: logged.filter((message): message is LoggedEvent => 'event' in message),
        stdout: lines,
      }
    },
    keys: () => keysIn(sandbox),
    output: () => lambdas.map((lambda) => lambda.log()).join('\n'),
    async stop() {
      await Promise.all(lambdas.map((lambda) => lambda.stop()))
      rmSync(folder, { recursive: true, force: true })
    },
  }

  function places(): Record<string, { host: string; port: number }> {
    const listeners = [...sandbox.elb.balancers.values()].flatMap(({ dnsName, listeners: all }) =>
      all.map(({ port }) => ({ dnsName, port })),
    )
    return Object.fromEntries(
      listeners.flatMap(({ dnsName, port }) => {
        const place = sandbox.placeOf(dnsName, port)
        return place ? [[`${dnsName}:${port}`, place]] : []
      }),
    )
  }
}

/** A stack called `trial`, as a team would have it. */
export function synthesise(config: string, outdir: string): DeployedFunction {
  const app = new App({ outdir })
  const stack = new Stack(app, DEPLOYMENT)
  new CertificateRotation(stack, 'Rotation', { config })
  const { directory } = app.synth()
  return readAssembly(directory, stack.artifactId)
}

/** A line of the log that the runtime wrapped; metrics and the like are none. */
function messageIn(line: string): (LoggedEvent | { readonly errorType: string; readonly code?: string })[] {
  const { message } = JSON.parse(line) as { readonly message?: LoggedEvent }
  return typeof message === 'object' ? [message] : []
}
