/** Instants as text. The only pure module that touches `Date`, and never its clock. */
import type { EpochMs } from './model.ts'

export const SECOND_MS = 1_000
export const MINUTE_MS = 60 * SECOND_MS
export const HOUR_MS = 60 * MINUTE_MS
export const DAY_MS = 24 * HOUR_MS

/** `2026-11-23T03:10:34Z` */
export function toIso(at: EpochMs): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z')
}

/** `2026-11-23` */
export function toDay(at: EpochMs): string {
  return toIso(at).slice(0, 10)
}

/** `202611230310`: the minute, as part of a server certificate's name. */
export function toMinuteStamp(at: EpochMs): string {
  return toIso(at).replace(/[-:T]/g, '').slice(0, 12)
}

/** @returns `null` when `stamp` is not such a minute. */
export function fromMinuteStamp(stamp: string): EpochMs | null {
  const parts = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(stamp)
  if (!parts) return null
  const at = Date.parse(`${parts[1]}-${parts[2]}-${parts[3]}T${parts[4]}:${parts[5]}:00Z`)
  return Number.isNaN(at) ? null : at
}

/** `9 days`, `1 day`, `31 h`, `12 min`: whole units, rounded down, for messages. */
export function toSpan(ms: number): string {
  const span = Math.abs(ms)
  const days = Math.floor(span / DAY_MS)
  if (days >= 2) return `${days} days`
  if (span >= 2 * HOUR_MS) return `${Math.floor(span / HOUR_MS)} h`
  if (span >= 2 * MINUTE_MS) return `${Math.floor(span / MINUTE_MS)} min`
  return `${Math.floor(span / SECOND_MS)} s`
}
