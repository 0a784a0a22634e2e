/** How often the function runs: derived from the shortest lifetime, or checked against it. */
import { Duration } from 'aws-cdk-lib'
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import { Cron } from 'croner'
import type { Config } from '../lambda/domain/config.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, toSpan } from '../lambda/domain/instant.ts'
import { PROFILES } from '../lambda/domain/profiles.ts'

/** A run may take half of it, and the alarm of a failed run has cleared before the next run, so that it fires again. */
const FASTEST_MS = 30 * MINUTE_MS
/** "No run finished" looks back one and a half intervals, and an alarm looks back seven days at most. */
const SLOWEST_MS = 4 * DAY_MS
const DEFAULT_PROFILE = 'classic'

export interface RunSchedule {
  readonly expression: ScheduleExpression
  /** The longest time from one planned run to the next. */
  readonly intervalMs: number
  /** By how much a run may be late, so that not all deployments of the world run in the same second. */
  readonly flexibleMinutes: number
}

/** The shortest-lived known profile; certificates without one count as classic. */
function shortest(config: Config | null): { profile: string; lifetimeMs: number; intervalMs: number } {
  const profiles = (config?.certificates ?? []).map(({ profile }) => profile ?? DEFAULT_PROFILE)
  const known = [...new Set([...profiles, DEFAULT_PROFILE])].flatMap((profile) => {
    const facts = PROFILES[profile]
    return facts ? [{ profile, ...facts }] : []
  })
  const [first] = known.sort((a, b) => a.lifetimeMs - b.lifetimeMs)
  if (!first) throw new Error('the table of profiles is empty')
  return first
}

/** What is wrong with a schedule; `found` follows its expression. */
export interface ScheduleFault {
  readonly found: string
  readonly expected: string
}

/**
 * @param config `null` when it is invalid: then the wanted schedule is checked as for the longest-lived profile
 * @returns the schedule, or what is wrong with the wanted one
 */
export function scheduleFor(
  config: Config | null,
  wanted: ScheduleExpression | undefined,
): RunSchedule | ScheduleFault {
  const expression = wanted ?? ScheduleExpression.rate(Duration.millis(shortest(config).intervalMs))
  const gaps = gapsOf(expression)
  if ('found' in gaps) return about(expression, gaps)
  const fault = faultOf(gaps, config)
  if (fault) return about(expression, fault)
  const flexibleMinutes = Math.max(1, Math.min(60, Math.floor(gaps.longestMs / 12 / MINUTE_MS)))
  return { expression, intervalMs: gaps.longestMs, flexibleMinutes }
}

function about({ expressionString }: ScheduleExpression, { found, expected }: ScheduleFault): ScheduleFault {
  return { found: `${expressionString}${found}`, expected }
}

/**
 * @returns a warning when runs are further apart than the shortest renewal window is open, else `null`; the extra hour
 *   when summer time ends is not worth a warning
 */
export function slownessOf(config: Config, { expression, intervalMs }: RunSchedule): string | null {
  const { profile, intervalMs: recommended } = shortest(config)
  const extraHour = expression.expressionString.startsWith('cron') ? HOUR_MS : 0
  if (intervalMs <= recommended + extraHour) return null
  return `a run every ${toSpan(intervalMs)} is slower than the profile ${profile} needs (every ${toSpan(recommended)}): certificates are renewed, but not always within the renewal window that the CA asks for`
}

/** Time between two planned runs. */
interface Gaps {
  readonly shortestMs: number
  readonly longestMs: number
}

function faultOf({ shortestMs, longestMs }: Gaps, config: Config | null): ScheduleFault | null {
  if (shortestMs < FASTEST_MS)
    return {
      found: `, which runs again after ${toSpan(shortestMs)}`,
      expected: `at least ${toSpan(FASTEST_MS)} between runs, so that each failed run is reported`,
    }
  const { profile, lifetimeMs } = shortest(config)
  const gap = Number.isFinite(longestMs) ? `leaves up to ${toSpan(longestMs)} between runs` : 'ends'
  if (longestMs > lifetimeMs / 10)
    return {
      found: `, which ${gap}`,
      expected: `at most ${toSpan(lifetimeMs / 10)}, a tenth of the lifetime of certificates with the profile ${profile}`,
    }
  if (longestMs > SLOWEST_MS)
    return {
      found: `, which ${gap}`,
      expected: `at most ${toSpan(SLOWEST_MS)}, because the alarm for missing runs cannot look back further`,
    }
  return null
}

const UNIT_MS: Readonly<Record<string, number>> = { minute: MINUTE_MS, hour: HOUR_MS, day: DAY_MS }

function gapsOf({ expressionString, timeZone }: ScheduleExpression): Gaps | ScheduleFault {
  const rate = /^rate\((\d+) (minute|hour|day)s?\)$/.exec(expressionString)
  if (rate) {
    const gapMs = Number(rate[1]) * (UNIT_MS[rate[2] ?? ''] ?? 0)
    return { shortestMs: gapMs, longestMs: gapMs }
  }
  const cron = /^cron\((.+)\)$/.exec(expressionString)?.[1]
  return cron
    ? gapsOfCron(cron, timeZone?.timezoneName ?? 'Etc/UTC')
    : { found: '', expected: 'rate(…) or cron(…)' }
}

/** Any instant, as long as every synth uses the same. */
const FROM = new Date('2027-01-01T00:00:00Z')
/** A cron expression repeats within this time, leap days aside. */
const LOOK_AHEAD_MS = 400 * DAY_MS
/** The last value of minute, hour, day, month and weekday. */
const LAST = [59, 23, 31, 12, 7]

function gapsOfCron(cron: string, timezone: string): Gaps | ScheduleFault {
  const fields = cron.split(' ')
  if (fields.length !== 6 || fields[5] !== '*')
    return { found: '', expected: 'six fields, with * as the year' }
  if ((fields[2] === '?') === (fields[4] === '?'))
    return { found: '', expected: 'a ? as the day of the month or as the day of the week, but not as both' }
  if (/(^|[,-])([089]|\d\d)/.test(fields[4] ?? ''))
    return { found: '', expected: 'days of the week from 1 (Sunday) to 7' }
  if (!isTimeZone(timezone))
    return { found: ` in ${timezone}`, expected: 'a time zone that exists, for example Europe/Berlin' }
  // AWS writes a step from a value as 0/15, and counts the days of the week from 1
  const pattern = LAST.map((last, at) => fields[at]?.replace(/^(\d+)\//, `$1-${last}/`)).join(' ')
  try {
    const runs = new Cron(pattern, { timezone, mode: '5-part', alternativeWeekdays: true })
    return gapsBetween((after) => nextRun(runs, after))
  } catch (error) {
    return {
      found: `, which cannot be parsed: ${(error as Error).message}`,
      expected: 'a cron expression in the syntax of AWS',
    }
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

/**
 * A time that summer time leaves out is skipped by AWS, and moved by the library.
 * @see https://repost.aws/knowledge-center/eventbridge-scheduler-adjust-dst
 */
function nextRun(runs: Cron, after: Date): Date | null {
  let run = runs.nextRun(after)
  while (run && !runs.match(run)) run = runs.nextRun(run)
  return run
}

function gapsBetween(next: (after: Date) => Date | null): Gaps {
  let [shortestMs, longestMs] = [Number.POSITIVE_INFINITY, 0]
  let before = next(FROM)
  if (before === null) longestMs = Number.POSITIVE_INFINITY
  while (before && before.getTime() < FROM.getTime() + LOOK_AHEAD_MS) {
    const following = next(before)
    const gapMs = following ? following.getTime() - before.getTime() : Number.POSITIVE_INFINITY
    shortestMs = Math.min(shortestMs, gapMs)
    longestMs = Math.max(longestMs, gapMs)
    // it is refused anyway
    if (shortestMs < FASTEST_MS) break
    before = following
  }
  return { shortestMs, longestMs }
}
