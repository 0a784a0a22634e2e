/** Events as they are written: with a level, an instant and the run they belong to. Pure. */
import { type Emit, EVENTS, type LoggedEvent } from '../domain/events.ts'
import { toIso } from '../domain/instant.ts'
import type { EpochMs } from '../domain/model.ts'

/** @returns an `Emit` for one run; `write` gets each event complete */
export function logger(runId: string, now: () => EpochMs, write: (event: LoggedEvent) => void): Emit {
  return (event) => write({ ...event, runId, level: EVENTS[event.event].level, at: toIso(now()) })
}
