/** What a run is asked to do, and with which configuration. */
import type { Config } from '../domain/config.ts'
import type { Invocation } from './invocation.ts'

export interface RunRequest {
  /** Tells this run from others. */
  readonly runId: string
  readonly config: Config
  readonly warnings: readonly string[]
  readonly invocation: Invocation
  readonly deployment: string
  /** Time to the next run. */
  readonly intervalMs: number
  /** A deployment has a table; on the command line there may be none, and that is no error. */
  readonly isTableExpected: boolean
}
