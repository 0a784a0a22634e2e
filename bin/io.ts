/** The part of the process that a command uses, so that a command can be run without one. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
}

/** Everything is settled, or a dry run made its plan. */
export const EXIT_DONE = 0
/** Something failed. */
export const EXIT_FAILED = 1
/** Wrong usage or configuration: nothing was touched. */
export const EXIT_USAGE = 2
