/** What a command sees of the process, so that it can be run without one. */
export interface Io {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly stdout: (text: string) => void
  readonly stderr: (text: string) => void
}

/** Done: settled, or planned. */
export const EXIT_DONE = 0
/** An outcome failed. */
export const EXIT_FAILED = 1
/** Wrong usage or configuration: nothing was touched. */
export const EXIT_USAGE = 2
