/** What Lambda and its runtime tell each other here. */

export interface Invoke {
  readonly requestId: string
  readonly event: unknown
  readonly timeoutMs: number
  /** Then the function is put together with another clock and another way to its listeners; else it is as it is. */
  readonly world: {
    readonly now: number
    /** By DNS name and port, as in `web.example.com:443`. */
    readonly places: Readonly<Record<string, { readonly host: string; readonly port: number }>>
  } | null
}

export interface Failure {
  readonly errorType: string
  readonly errorMessage: string
  readonly stackTrace: readonly string[]
}

/** As in the line that Lambda itself writes at the end of each invocation. */
export interface Report {
  readonly durationMs: number
  /** Of the first invocation alone: loading the handler. */
  readonly initMs: number
  readonly maxMemoryMb: number
}

export type Invoked = ({ readonly result: unknown } | Failure) & { readonly report: Report }

/** The last line of an invocation: the log and the answer come by different ways. */
export function endOf(requestId: string): string {
  return `END RequestId: ${requestId}`
}

/** Other messages are about the clock. */
export function isInvoke(message: object): message is Invoke {
  return 'requestId' in message
}

export function isInvoked(message: object): message is Invoked {
  return 'report' in message
}
