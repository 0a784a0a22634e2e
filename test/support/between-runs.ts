/** A trial about what one run leaves to the next. In the end, no challenge value and no key is left. */
import { expect } from 'vitest'
import { HOUR_MS } from '../../lambda/domain/instant.ts'
import { keyParameterPath } from '../../lambda/domain/names.ts'
import { ServiceError } from '../sandbox/aws/service.ts'
import type { Specified } from './ours.ts'
import { entry, HOST, type Quick, startWithBalancer } from './quick.ts'
import { DEPLOYMENT } from './runners.ts'
import { type Ran, TABLE } from './trial.ts'

export interface BetweenRuns extends Quick {
  readonly zone: string
  /** The next run of a daily schedule comes after `ms`. */
  later(ms?: number): Promise<Ran>
  /** Values at challenge names that nobody else put there. */
  values(): string[]
  /** Names of the parameters that hold the keys of orders. */
  keysInFlight(): string[]
  /** Refuse the first call of an action. */
  refuseOnce(action: string): void
  /** What the entry `web` asks for. */
  specified(): Specified
  /** Put a lease into the table. */
  lease(data: object): Promise<void>
}

export async function startBetweenRuns(): Promise<BetweenRuns> {
  const quick = await startWithBalancer({
    propagationMs: 0,
    spreadMs: 0,
    ca: { validationDelayMs: 0, finalizeDelayMs: 0 },
    settings: { verifyTimeoutMs: 30_000, dnsSyncTimeoutMs: 10_000, acmePollTimeoutMs: 20_000 },
  })
  const { sandbox } = quick
  const [zone] = sandbox.route53.zones()
  quick.configure([entry('web')])
  const trial: BetweenRuns = {
    ...quick,
    zone: zone?.id ?? '',
    later(ms = HOUR_MS) {
      sandbox.clock.advance(ms)
      return quick.run()
    },
    values: () => quick.challengeValues().filter((value) => !value.includes('foreign')),
    keysInFlight: () =>
      [...sandbox.ssm.parameters.keys()].filter((name) => name.startsWith(keyParameterPath(DEPLOYMENT))),
    refuseOnce(action) {
      sandbox.aws.intercept((call) =>
        call.action === action && call.count === 1 ? new ServiceError('InvalidInput', 'not today') : null,
      )
    },
    specified: () => ({ id: 'web', hosts: [HOST], directoryUrl: sandbox.ca.directoryUrl }),
    async lease(data) {
      const item = { id: 'lease', v: 1, deployment: DEPLOYMENT, at: sandbox.clock.now() }
      await sandbox.dynamodb.put(TABLE, { ...item, data: JSON.stringify(data) })
    },
    async stop() {
      const left = [...trial.values(), ...trial.keysInFlight()]
      await quick.stop()
      expect(left, 'no challenge value and no key is left').toEqual([])
    },
  }
  return trial
}

/** The status in which each order was found again. */
export function resumed(ran: Ran): string[] {
  return ran.events.flatMap((event) => (event.event === 'order.resumed' ? [event.status] : []))
}

/** Why each order was dropped. */
export function dropped(ran: Ran): string[] {
  return ran.events.flatMap((event) => (event.event === 'order.dropped' ? [event.why] : []))
}
