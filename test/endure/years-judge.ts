/** What must hold at every run of the years, and the figures of what was. */
import type { LoggedEvent } from '../../lambda/domain/events.ts'
import { DAY_MS, HOUR_MS } from '../../lambda/domain/instant.ts'
import { idHash, parseStoredName } from '../../lambda/domain/names.ts'
import type { Window } from '../sandbox/ca/renewals.ts'
import type { Happening, Life, YearsWorld } from './years-world.ts'

/** A certificate, its predecessor, and one that a listener refused. */
const MOST_STORED = 3

export interface YearsFigures {
  runs: number
  jumpedOver: number
  failedRuns: number
  issued: number
  inWindow: number
  /** Renewed late, for what was done to them. */
  exempt: number
  mostStored: number
  leastHoursLeft: number
  limitsHit: number
  readonly reasons: Record<string, number>
}

export interface Judge {
  /** What did not hold, in words. */
  readonly broken: readonly string[]
  readonly figures: YearsFigures
  begin(trouble: Happening['trouble']): void
  /** What is looked at before a run; the result judges what came of it. */
  beforeRun(): (events: readonly LoggedEvent[], hasFailed: boolean, isIdle: boolean) => void
  atTheEnd(): void
}

export function createJudge({ intervalMs }: Life, world: YearsWorld): Judge {
  const { sandbox, entries } = world
  const { clock } = sandbox
  const { book } = sandbox.ca
  const troubles: { readonly zone: string | null; readonly from: number; readonly to: number }[] = []
  const broken: string[] = []
  const figures: YearsFigures = {
    ...{ runs: 0, jumpedOver: 0, failedRuns: 0, issued: 0, inWindow: 0, exempt: 0, mostStored: 0 },
    leastHoursLeft: Number.POSITIVE_INFINITY,
    limitsHit: 0,
    reasons: {},
  }
  return {
    broken,
    figures,
    begin(trouble) {
      const from = clock.now()
      if (trouble) troubles.push({ zone: trouble.zone, from, to: from + trouble.days * DAY_MS })
    },
    beforeRun() {
      checkServed()
      const issuedBefore = book.issued.length
      const windows = new Map(entries.map(({ name }) => [name, windowInForce(name)]))
      return (events, hasFailed, isIdle) => {
        figures.runs++
        if (hasFailed) figures.failedRuns++
        if (hasFailed && !isTroubled(null)) fail(`a run failed: ${errorsIn(events)}`)
        const came = events.flatMap((event) => (event.event === 'cert.issued' ? [event.certId] : []))
        for (const certId of came) judgeIssued(certId, reasonFor(certId, events), windows.get(certId) ?? null)
        const issued = book.issued.length - issuedBefore
        if (issued !== came.length) fail(`the CA issued ${issued}, and the log tells of ${came.length}`)
        if (isIdle && events.some((event) => event.event === 'plan.made' && event.actions.length > 0))
          fail('a run that was jumped over had something to do')
        checkServed()
        checkStored()
      }
    },
    atTheEnd() {
      const hits = [...book.rateLimits.hits]
      figures.limitsHit = hits.reduce((sum, [, count]) => sum + count, 0)
      figures.issued = book.issued.length
      if (figures.limitsHit > 0) fail(`limits were hit: ${JSON.stringify(hits)}`)
    },
  }

  function fail(words: string): void {
    broken.push(`${new Date(clock.now()).toISOString().slice(0, 16)}: ${words}`)
  }

  function judgeIssued(certId: string, reason: string | null, window: Window | null): void {
    if (reason === null) fail(`${certId} was issued without a reason in the log`)
    if (reason === null) return
    figures.reasons[reason] = (figures.reasons[reason] ?? 0) + 1
    if (reason !== 'renewal-due' || window === null) return
    const zone = entries.find(({ name }) => name === certId)?.zone ?? null
    if (window.start <= clock.now() && clock.now() < window.end) figures.inWindow++
    else if (isTroubled(zone, window.start - intervalMs)) figures.exempt++
    else fail(`${certId} was renewed outside of its window, ${hours(clock.now() - window.end)} h after it`)
  }

  /** Of what a listener has, as the CA says it; `null` for one that it did not issue. */
  function windowInForce(name: string): Window | null {
    const serial = world.serving(name).x509.serialNumber.toLowerCase()
    const certificate = book.issued.findLast((one) => one.serial === serial)
    return certificate ? book.renewals.windowOf(certificate) : null
  }

  /** @param since trouble that was over by then is none any more */
  function isTroubled(zone: string | null, since = clock.now() - intervalMs): boolean {
    return troubles.some(
      (one) =>
        one.from <= clock.now() &&
        since <= one.to + DAY_MS &&
        (zone === null || one.zone === null || one.zone === zone),
    )
  }

  function checkServed(): void {
    for (const { name } of entries) {
      const leftMs = world.serving(name).x509.validToDate.getTime() - clock.now()
      figures.leastHoursLeft = Math.min(figures.leastHoursLeft, Math.floor(leftMs / HOUR_MS))
      if (leftMs <= 0) fail(`${name} serves one that ended ${hours(-leftMs)} h ago`)
    }
  }

  function checkStored(): void {
    const counts = new Map<string, number>()
    for (const { name } of sandbox.iam.all()) {
      const id = parseStoredName(name)?.idHash
      if (id) counts.set(id, (counts.get(id) ?? 0) + 1)
    }
    figures.mostStored = Math.max(figures.mostStored, ...counts.values())
    for (const { name } of entries)
      if ((counts.get(idHash(name)) ?? 0) > MOST_STORED)
        fail(`${name} has more than ${MOST_STORED} server certificates`)
  }
}

function reasonFor(certId: string, events: readonly LoggedEvent[]): string | null {
  const due = events.findLast((event) => event.event === 'cert.due' && event.certId === certId)
  return due?.event === 'cert.due' ? due.reason : null
}

function errorsIn(events: readonly LoggedEvent[]): string {
  return events
    .flatMap((event) => ('error' in event ? [`${event.error.code} ${event.error.message}`] : []))
    .join('; ')
}

function hours(ms: number): number {
  return Math.round((ms / HOUR_MS) * 10) / 10
}
