/**
 * Years of runs on the sandbox's clock. The function itself runs, at the rate at which it is deployed; over the days on
 * which its plan has nothing to do it is jumped, and a sample of the runs that were left out is made all the same.
 */

import { compose, type Surroundings } from '../../lambda/compose.ts'
import { parseConfig } from '../../lambda/config/parse.ts'
import { DEFAULTS } from '../../lambda/defaults.ts'
import { ENV } from '../../lambda/env.ts'
import { createHandler } from '../../lambda/handler.ts'
import { toLeaf } from '../../lambda/leaf.ts'
import { idHash, parseStoredName, stateTable } from '../../lambda/names.ts'
import { observe } from '../../lambda/observe/observe.ts'
import { plan } from '../../lambda/plan/plan.ts'
import type { ProbeListener } from '../../lambda/ports.ts'
import type { LoggedEvent } from '../../lambda/report/events.ts'
import { openMemory } from '../../lambda/state/memory.ts'
import { workedBefore } from '../../lambda/state/working.ts'
import type { Window } from '../sandbox/ca/renewals.ts'
import { createClock } from '../sandbox/clock.ts'
import { REGION, type Sandbox, startSandbox } from '../sandbox/sandbox.ts'

export const HOUR_MS = 3_600_000
export const DAY_MS = 24 * HOUR_MS
const DEPLOYMENT = 'years'
/** Waits of the function cost next to nothing, and a slow machine still does not make them long. */
const SPEED = 300
/** Nothing takes long here: what is asked for again is asked for at once. */
const SETTINGS = { ...DEFAULTS, acmePollIntervalMs: 100, dnsSyncIntervalMs: 100, verifyIntervalMs: 500 }
/** Of the jumps: after so many, a run in the middle of one is made. */
const SAMPLED = 15

export interface Entry {
  readonly name: string
  hosts: string[]
  key_type: 'ecdsa' | 'ecdsa-p384'
  readonly profile: string
  readonly zone: string
}

/** Something that happens on a day, and what it spoils from then on for so long, in which zones. */
export interface Happening {
  readonly day: number
  readonly what: string
  readonly happen: (world: YearsWorld) => void
  readonly trouble?: { readonly days: number; readonly zone: string | null }
}

export interface Life {
  readonly entries: Entry[]
  readonly intervalMs: number
  readonly days: number
  readonly happenings: readonly Happening[]
}

export interface YearsWorld {
  readonly sandbox: Sandbox
  readonly entries: Entry[]
  readonly zones: Map<string, string>
}

export interface Lived {
  /** What did not hold, in words. */
  readonly broken: readonly string[]
  readonly figures: {
    readonly entries: number
    readonly runs: number
    readonly jumpedOver: number
    readonly failedRuns: number
    readonly issued: number
    readonly reasons: Readonly<Record<string, number>>
    readonly limitsHit: number
    readonly mostStored: number
    readonly inWindow: number
    readonly exempt: number
    readonly leastHoursLeft: number
    readonly seconds: number
  }
}

export async function live(life: Life): Promise<Lived> {
  const begunAt = performance.now()
  const clock = createClock(Date.parse('2026-11-26T03:17:00Z'), SPEED)
  const sandbox = await startSandbox({
    clock,
    propagationMs: 0,
    spreadMs: 0,
    certificateLimit: 200,
    ca: {
      validationDelayMs: 0,
      finalizeDelayMs: 0,
      nonceRefusalShare: 0,
      hasRateLimits: true,
      // the longest that Boulder says: six hours, and twenty percent more
      renewalRetryAfter: '25920',
    },
  })
  for (const [name, value] of Object.entries(sandbox.env)) process.env[name] = value
  await sandbox.dynamodb.addTable(stateTable(DEPLOYMENT))
  const zones = new Map(
    [...new Set(life.entries.map(({ zone }) => zone))].map((name) => [name, sandbox.route53.addZone(name)]),
  )
  const world: YearsWorld = { sandbox, entries: life.entries, zones }
  for (const { name, hosts } of life.entries) {
    const bought = await sandbox.buy(`bought-${name}`, { hosts, endsInMs: 20 * DAY_MS })
    await sandbox.addLoadBalancer(name, 443, bought)
  }

  const start = clock.now()
  const until = start + life.days * DAY_MS
  const pending = [...life.happenings].sort((a, b) => a.day - b.day)
  const troubles: { readonly zone: string | null; readonly from: number; readonly to: number }[] = []
  const broken: string[] = []
  const reasons: Record<string, number> = {}
  const figures = { runs: 0, jumpedOver: 0, failedRuns: 0, mostStored: 0, inWindow: 0, exempt: 0 }
  let leastLeftMs = Number.POSITIVE_INFINITY
  let jumps = 0

  const on = () => new Date(clock.now()).toISOString().slice(0, 16)
  const fail = (words: string) => void broken.push(`${on()}: ${words}`)
  const certificates = () => parseConfig(document()).config.certificates

  while (clock.now() < until && broken.length < 20) {
    for (let next = pending[0]; next && start + next.day * DAY_MS <= clock.now(); next = pending[0]) {
      pending.shift()
      next.happen(world)
      const { trouble } = next
      if (trouble)
        troubles.push({ zone: trouble.zone, from: clock.now(), to: clock.now() + trouble.days * DAY_MS })
    }
    await runOnce(false)
    const quiet = await quietRuns()
    if (quiet > 1) {
      jumps++
      figures.jumpedOver += quiet - 1
      if (jumps % SAMPLED === 0) {
        const middle = Math.ceil(quiet / 2)
        clock.advance(middle * life.intervalMs)
        await runOnce(true)
        figures.jumpedOver--
        clock.advance((quiet - middle) * life.intervalMs)
        continue
      }
    }
    clock.advance(quiet * life.intervalMs)
  }
  const { book } = sandbox.ca
  const { hits } = book.rateLimits
  const issued = book.issued.length
  await sandbox.stop()
  const limitsHit = [...hits.values()].reduce((sum, count) => sum + count, 0)
  if (limitsHit > 0) broken.push(`limits were hit: ${JSON.stringify([...hits])}`)
  return {
    broken,
    figures: {
      entries: life.entries.length,
      ...figures,
      issued,
      reasons,
      limitsHit,
      leastHoursLeft: Math.floor(leastLeftMs / HOUR_MS),
      seconds: Math.round((performance.now() - begunAt) / 1000),
    },
  }

  function document(): string {
    return JSON.stringify({
      acme: {
        directory_url: sandbox.ca.directoryUrl,
        root_certificates: sandbox.ca.rootPem,
        limits: {
          same_hosts_a_week: 5,
          registered_domain_a_week: 50,
          orders_in_three_hours: 300,
          renewals_are_free: true,
        },
      },
      certificates: life.entries.map(({ name, hosts, key_type, profile }) => {
        return { name, hosts, key_type, profile, elb: { name } }
      }),
    })
  }

  async function runOnce(isQuiet: boolean): Promise<void> {
    checkServed()
    const before = sandbox.ca.book.issued.length
    const windows = new Map(life.entries.map(({ name }) => [name, windowInForce(name)]))
    const events: LoggedEvent[] = []
    const note = (event: LoggedEvent) => void events.push(event)
    const handler = createHandler({
      env: { [ENV.region]: REGION, [ENV.deployment]: DEPLOYMENT, [ENV.intervalMs]: String(life.intervalMs) },
      readConfig: document,
      log: { info: note, warn: note, error: note },
      writeMetrics: () => undefined,
      time: clock,
      settings: SETTINGS,
      dial: dial(),
    })
    const error = await handler({}).then(
      () => null,
      (thrown: Error) => thrown,
    )
    figures.runs++
    if (error) figures.failedRuns++
    if (error && !isTroubled(null)) fail(`a run failed: ${errorsIn(events)}`)
    const due = new Map(
      events.flatMap((event) => (event.event === 'cert.due' ? [[event.certId, event.reason] as const] : [])),
    )
    const came = events.flatMap((event) => (event.event === 'cert.issued' ? [event.certId] : []))
    for (const certId of came) judgeIssued(certId, due.get(certId), windows.get(certId) ?? null)
    if (sandbox.ca.book.issued.length - before !== came.length)
      fail(`the CA issued ${sandbox.ca.book.issued.length - before}, and the log tells of ${came.length}`)
    if (isQuiet && events.some((event) => event.event === 'plan.made' && event.actions.length > 0))
      fail('a run that was jumped over had something to do')
    checkServed()
    checkStored()
  }

  function judgeIssued(certId: string, reason: string | undefined, window: Window | null): void {
    if (reason === undefined) fail(`${certId} was issued without a reason in the log`)
    if (reason === undefined) return
    reasons[reason] = (reasons[reason] ?? 0) + 1
    if (reason !== 'renewal-due' || window === null) return
    const zone = life.entries.find(({ name }) => name === certId)?.zone ?? null
    if (window.start <= clock.now() && clock.now() < window.end) figures.inWindow++
    else if (isTroubled(zone, window.start - life.intervalMs)) figures.exempt++
    else fail(`${certId} was renewed outside of its window, ${hours(clock.now() - window.end)} h after it`)
  }

  /** Of what a listener has, as the CA says it; `null` for one that it did not issue. */
  function windowInForce(name: string): Window | null {
    const serial = sandbox.listener(name, 443).serving().x509.serialNumber.toLowerCase()
    const certificate = sandbox.ca.book.issued.find((one) => one.serial === serial)
    return certificate ? sandbox.ca.book.renewals.windowOf(certificate) : null
  }

  /** @param since trouble that was over by then is none any more */
  function isTroubled(zone: string | null, since = clock.now() - life.intervalMs): boolean {
    return troubles.some(
      (one) =>
        one.from <= clock.now() &&
        since <= one.to + DAY_MS &&
        (zone === null || one.zone === null || one.zone === zone),
    )
  }

  function checkServed(): void {
    for (const { name } of life.entries) {
      const { x509 } = sandbox.listener(name, 443).serving()
      const leftMs = x509.validToDate.getTime() - clock.now()
      leastLeftMs = Math.min(leastLeftMs, leftMs)
      if (leftMs <= 0) fail(`${name} serves one that ended ${hours(-leftMs)} h ago`)
    }
  }

  function checkStored(): void {
    const counts = new Map<string, number>()
    for (const { name } of sandbox.iam.all()) {
      const id = parseStoredName(name)?.idHash
      if (id) counts.set(id, (counts.get(id) ?? 0) + 1)
    }
    const most = Math.max(...counts.values())
    figures.mostStored = Math.max(figures.mostStored, most)
    for (const { name } of life.entries)
      if ((counts.get(idHash(name)) ?? 0) > 3) fail(`${name} has more than three server certificates`)
  }

  /** How many runs there are until one has something to do, by the plan itself; 1 when that is the next one. */
  async function quietRuns(): Promise<number> {
    const ports = compose(parseConfig(document()).config, surroundings())
    const desired = certificates()
    const probe: ProbeListener = async ({ dnsName }) => {
      const { x509 } = sandbox.listener(dnsName.replace(/-1\..*/, ''), 443).serving()
      return [{ address: dnsName, leaf: toLeaf(x509) }]
    }
    const memory = openMemory(await ports.state.read(), null, DEPLOYMENT, clock)
    const observed = await observe(desired, [], workedBefore(memory), { ...ports, probe }, DEFAULTS)
    const quota = await ports.store.quota()
    const now = clock.now()
    const happens = pending[0] ? start + pending[0].day * DAY_MS : until
    const most = Math.max(1, Math.ceil((happens - now) / life.intervalMs))
    // what is due stays due: so it is searched for by halves
    let [idle, busy] = [0, most]
    while (busy - idle > 1) {
      const runs = Math.floor((idle + busy) / 2)
      if (hasWork(now + runs * life.intervalMs)) busy = runs
      else idle = runs
    }
    return busy

    function hasWork(at: number): boolean {
      const { actions } = plan(desired, observed, {
        now: at,
        intervalMs: life.intervalMs,
        force: new Set(),
        issued: new Set(),
        states: memory.certificates,
        entries: desired.map(({ id }) => id),
        forgotten: [],
        quota,
        inUse: new Set(),
      })
      return actions.length > 0
    }
  }

  function surroundings(): Surroundings {
    return { region: REGION, deployment: DEPLOYMENT, emit: () => undefined, time: clock, dial: dial() }
  }

  function dial() {
    return async (dnsName: string, port: number) => [
      sandbox.placeOf(dnsName, port) ?? { host: '127.0.0.1', port: 9 },
    ]
  }
}

function errorsIn(events: readonly LoggedEvent[]): string {
  return events
    .flatMap((event) => ('error' in event ? [`${event.error.code} ${event.error.message}`] : []))
    .join('; ')
}

function hours(ms: number): number {
  return Math.round((ms / HOUR_MS) * 10) / 10
}
