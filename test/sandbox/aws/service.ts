/** What every fake service is made of: a request, the call it maps to, and the answers of the three protocols. */
import type { IncomingHttpHeaders } from 'node:http'
import { XMLBuilder } from 'fast-xml-parser'

export const ACCOUNT = '123456789012'

export interface AwsRequest {
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  readonly target: string
  readonly body: string
  readonly region: string
  readonly headers: IncomingHttpHeaders
}

/** A request that was recognised: what IAM would judge it by, and what it does. */
export interface Call {
  /** As in a policy: `route53:GetChange`. */
  readonly action: string
  readonly resources: readonly string[]
  /** Condition keys beside the global ones; none when left out. */
  readonly conditions?: Readonly<Record<string, string | readonly string[]>>
  /** Further actions that are asked for on the same resources. */
  readonly also?: readonly string[]
  /** @throws ServiceError */
  readonly run: () => AwsAnswer | Promise<AwsAnswer>
}

export interface AwsAnswer {
  readonly status: number
  readonly contentType: string
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

export interface Service {
  /** The name in the signature's scope. */
  readonly scope: string
  /** @returns `null` for an operation that is not modelled */
  map(request: AwsRequest): Call | null
  error(error: ServiceError): AwsAnswer
}

/** An error with the service's own code, which it answers in the service's own shape. */
export class ServiceError extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, message: string, status = 400) {
    super(message)
    this.code = code
    this.status = status
  }
}

const builder = new XMLBuilder({ ignoreAttributes: false, suppressEmptyNode: false })

export function xml(document: object): AwsAnswer {
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n${builder.build(document)}`
  return { status: 200, contentType: 'text/xml', body }
}

export function json(document: object): AwsAnswer {
  return { status: 200, contentType: 'application/x-amz-json-1.1', body: JSON.stringify(document) }
}

/** The error shape of the query protocol, and of Route53's REST. */
export function xmlError({ code, message, status }: ServiceError): AwsAnswer {
  const fault = { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message }
  return { ...xml({ ErrorResponse: { Error: fault, RequestId: REQUEST_ID } }), status }
}

export function jsonError({ code, message, status }: ServiceError): AwsAnswer {
  return { ...json({ __type: code, message }), status }
}

export const REQUEST_ID = '00000000-0000-0000-0000-000000000000'

/** The answer of a query-protocol operation: `<OpResponse><OpResult>…`. */
export function queryAnswer(operation: string, namespace: string, result: object | null): AwsAnswer {
  return xml({
    [`${operation}Response`]: {
      '@_xmlns': namespace,
      ...(result === null ? {} : { [`${operation}Result`]: result }),
      ResponseMetadata: { RequestId: REQUEST_ID },
    },
  })
}

/** `Tags.member.1.Key=…` -> `[{ Key: … }]`, in order. */
export function queryList(form: URLSearchParams, prefix: string): Record<string, string>[] {
  const rows = new Map<number, Record<string, string>>()
  for (const [key, value] of form) {
    const parts = new RegExp(`^${prefix}\\.member\\.(\\d+)(?:\\.(\\w+))?$`).exec(key)
    if (!parts) continue
    const row = rows.get(Number(parts[1])) ?? {}
    row[parts[2] ?? 'value'] = value
    rows.set(Number(parts[1]), row)
  }
  return [...rows].sort(([a], [b]) => a - b).map(([, row]) => row)
}

export function toXmlInstant(at: number): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
