/** Events as they are written: with a level, an instant and the run they belong to. */
import { toIso } from '../instant.ts'
import type { Emit, Time } from '../ports.ts'
import { EVENTS, type LoggedEvent } from './events.ts'

/** @returns an `Emit` for one run; `write` gets each event complete */
export function logger(runId: string, time: Pick<Time, 'now'>, write: (event: LoggedEvent) => void): Emit {
  return (event) => write({ ...event, runId, level: EVENTS[event.event].level, at: toIso(time.now()) })
}
