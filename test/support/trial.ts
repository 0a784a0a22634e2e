/** One end-to-end trial: a sandbox, a configuration, and runs of the function against them. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { expect } from 'vitest'
import type { Settings } from '../../lambda/domain/defaults.ts'
import type { LoggedEvent } from '../../lambda/domain/events.ts'
import { HOUR_MS } from '../../lambda/domain/instant.ts'
import { stateTable } from '../../lambda/domain/names.ts'
import { createClock } from '../sandbox/clock.ts'
import { type Sandbox, type SandboxOptions, startSandbox } from '../sandbox/sandbox.ts'
import { metricsIn } from './emf.ts'
import { leaksOf } from './keys.ts'
import { DEPLOYMENT, type Invoked, type Runner, type Surroundings, sourceRunner } from './runners.ts'

/** Seconds of the sandbox that are slept in one of ours. */
const SPEED = 1_000
/**
 * A CA in a process of its own goes on in our time alone: whoever waits for it must leave it some, and what it issues
 * now must be valid, although the sandbox's time passes more slowly than ours while nobody sleeps.
 */
const WITH_OTHER_CA = { speed: 30, aheadMs: HOUR_MS }

/** Of the deployment that is on trial. */
export const TABLE = stateTable(DEPLOYMENT)

export interface TestCa {
  readonly directoryUrl: string
  /** Of its own TLS. */
  readonly rootPem: string
  /** Let it answer about the renewal of a certificate (PEM) with this body. */
  advise(certificate: string, body: object): Promise<void>
  stop(): Promise<void>
}

export type StartTestCa = (sandbox: Sandbox) => Promise<TestCa>

export const embeddedCa: StartTestCa = async ({ ca }) => ({
  ...ca,
  async advise(certificate, body) {
    const serial = new X509Certificate(certificate).serialNumber.toLowerCase()
    ca.book.renewals.override = (one) => (one.serial === serial ? body : null)
  },
  stop: async () => undefined,
})

export interface Ran extends Pick<Invoked, 'error' | 'events'> {
  /** By certificate. */
  readonly outcomes: Readonly<Record<string, string>>
  /** Codes of `cert.failed` and `run.failed`, in order. */
  readonly codes: readonly string[]
  /** What CloudWatch would read from stdout; empty when the run wrote none. */
  readonly metrics: Readonly<Record<string, number>>
}

export interface Trial {
  readonly sandbox: Sandbox
  readonly ca: TestCa
  /** What differs from production; looked at in each run. */
  readonly settings: { -readonly [K in keyof Settings]?: Settings[K] }
  /** @param document entries, or a whole document to which the CA's directory is added */
  configure(document: object | readonly object[]): void
  /** @param text `null` for a file that is not there */
  configureText(text: string | null): void
  /**
   * @param intervalMs time to the next run; a day when left out
   * @param remainingMs until Lambda would kill it
   */
  run(invocation?: object, intervalMs?: number, remainingMs?: number): Promise<Ran>
  /** Check what holds for every trial, and take the world down. */
  stop(): Promise<void>
}

export async function startTrial(
  startCa: StartTestCa = embeddedCa,
  { settings: given = {}, ...options }: SandboxOptions & { settings?: Partial<Settings> } = {},
  startRunner: (surroundings: Surroundings) => Runner = sourceRunner,
): Promise<Trial> {
  const { speed, aheadMs } = startCa === embeddedCa ? { speed: SPEED, aheadMs: 0 } : WITH_OTHER_CA
  const clock = createClock(Date.now() + aheadMs, speed)
  const sandbox = await startSandbox({ clock, ...options })
  const ca = await startCa(sandbox)
  for (const [name, value] of Object.entries(sandbox.env)) process.env[name] = value
  await sandbox.dynamodb.addTable(TABLE)
  const settings = { ...given }
  const runner = startRunner({ sandbox, clock, settings })

  return {
    sandbox,
    ca,
    settings,
    configure(document) {
      const acme = { directory_url: ca.directoryUrl, root_certificates: ca.rootPem }
      const given: { acme?: object } = Array.isArray(document) ? { certificates: document } : document
      runner.configure(JSON.stringify({ ...given, acme: { ...acme, ...given.acme } }))
    },
    configureText(text) {
      runner.configure(text)
    },
    async run(invocation = {}, intervalMs, remainingMs) {
      const invoked = await runner.invoke(invocation, intervalMs ?? null, remainingMs ?? null)
      const { error, events, stdout } = invoked
      return { error, events, ...summary(events), metrics: metricsIn(stdout) }
    },
    async stop() {
      const keys = runner.keys()
      await runner.stop()
      const output = runner.output()
      await sandbox.stop()
      await ca.stop()
      for (const key of keys) expect(leaksOf(key, output)).toEqual([])
    },
  }
}

function summary(events: readonly LoggedEvent[]): Pick<Ran, 'outcomes' | 'codes'> {
  const finished = events.filter((event) => event.event === 'run.finished')
  expect(finished.length, 'exactly one run.finished').toBe(1)
  expect(events.at(-1)?.event).toBe('run.finished')
  const outcomes = Object.fromEntries(
    (finished[0]?.outcomes ?? []).map(({ certId, state }) => [certId, state]),
  )
  const codes = events.flatMap((event) =>
    event.event === 'cert.failed' || event.event === 'run.failed' ? [event.error.code] : [],
  )
  return { outcomes, codes }
}

/** Names of events, in order. */
export function names({ events }: Ran): string[] {
  return events.map(({ event }) => event)
}

/** The one event of this name. */
export function only<N extends LoggedEvent['event']>(ran: Ran, name: N): Extract<LoggedEvent, { event: N }> {
  const found = ran.events.filter((event) => event.event === name)
  expect(found.length, `${name}, once`).toBe(1)
  return found[0] as Extract<LoggedEvent, { event: N }>
}

export function readText(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8')
}
