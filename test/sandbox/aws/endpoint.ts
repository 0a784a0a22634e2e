/**
 * One HTTP endpoint for all services, told apart by the scope of the request's signature, so that unmodified
 * clients find it by AWS_ENDPOINT_URL. Every call is recorded with its IAM action and resources; a call that
 * cannot be mapped to an action is answered with an error that says so.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Clock } from '../clock.ts'
import type { Judge } from './policies.ts'
import { ACCOUNT, type AwsAnswer, type AwsRequest, type Call, type Service, ServiceError } from './service.ts'

export interface RecordedCall {
  readonly at: number
  readonly action: string
  readonly resources: readonly string[]
  readonly conditions: NonNullable<Call['conditions']>
  /** The service's code when it was an error. */
  readonly error: string | null
}

/**
 * What may happen to a call instead of its answer: `lost` is done, and then never answered; `truncated` is done, and
 * half of the answer comes. With `afterwards`, it is answered as usual, and something happens after that.
 */
export type Mishap =
  | ServiceError
  | 'reset'
  | 'hang'
  | 'lost'
  | 'truncated'
  | { readonly answer: AwsAnswer }
  | { readonly afterwards: () => void }
/** @returns `null` to let the call through */
export type Intercept = (call: {
  readonly action: string
  /** Of this action, from 1. */
  readonly count: number
  readonly resources: readonly string[]
  /** As it was sent. */
  readonly body: string
}) => Mishap | null | Promise<Mishap | null>

export interface Endpoint {
  readonly url: string
  readonly calls: readonly RecordedCall[]
  /** How many calls were answered normally, after the client had given up. */
  readonly givenUp: number
  /** Everything is denied that `isAllowed` does not allow; `null` allows all. */
  allow(isAllowed: ((call: Call) => boolean) | null): void
  /** Every call is judged by policies as well; `null` for none. */
  enforce(judge: Judge | null): void
  intercept(by: Intercept | null): void
  stop(): Promise<void>
}

/** Route53's; the other services have the same here, which is invented. @see https://docs.aws.amazon.com/zh_cn/Route53/latest/DeveloperGuide/throttling-api-requests.html */
const BURST = 50
const REFILL_PER_SECOND = 10

export async function startEndpoint(services: readonly Service[], clock: Clock): Promise<Endpoint> {
  const byScope = new Map(services.map((service) => [service.scope, service]))
  const calls: RecordedCall[] = []
  const counts = new Map<string, number>()
  const takeToken = createBuckets(clock)
  let isAllowed: Parameters<Endpoint['allow']>[0] = null
  let intercept: Intercept | null = null
  let judge: Judge | null = null
  let givenUp = 0

  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      response.writeHead(500).end(`the sandbox failed: ${String(error)}`)
    })
  })

  async function answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(incoming)
    const scope = /Credential=[^/]+\/\d{8}\/([^/]+)\/([^/]+)\/aws4_request/.exec(
      incoming.headers.authorization ?? '',
    )
    const [, region = '', name = ''] = scope ?? []
    const service = byScope.get(name)
    if (!service) return send(response, plain(501, `the sandbox does not model the service "${name}"`))
    const request = toRequest(incoming, body, region)
    const call = service.map(request)
    if (!call) {
      const what = `the sandbox does not model this call of ${name}: ${request.method} ${request.path} ${request.target || new URLSearchParams(body).get('Action') || ''}`
      return send(response, service.error(new ServiceError('NotModelled', what, 501)))
    }
    const mishap = (await interceptOf(call, body)) ?? (await judgementOf(call))
    if (mishap === 'hang') return
    if (mishap === 'reset') return void incoming.socket.destroy()
    if (mishap instanceof ServiceError) return send(response, refuse(service, call, mishap))
    if (mishap !== null && typeof mishap === 'object' && 'answer' in mishap)
      return send(response, mishap.answer)
    if (mishap === null)
      response.once('close', () => {
        if (!response.writableFinished) givenUp++
      })
    const answer = await perform(service, call)
    if (mishap === 'lost') return void incoming.socket.destroy()
    if (mishap === 'truncated') return sendHalf(response, answer)
    if (mishap) response.once('finish', mishap.afterwards)
    send(response, answer)
  }

  async function interceptOf(call: Call, body: string): Promise<Mishap | null> {
    const count = (counts.get(call.action) ?? 0) + 1
    counts.set(call.action, count)
    const mishap = await intercept?.({ action: call.action, count, resources: call.resources, body })
    if (mishap) return mishap
    if (isAllowed && !isAllowed(call)) return denied(call)
    return takeToken(call.action) ? null : throttled(call)
  }

  async function judgementOf(call: Call): Promise<Mishap | null> {
    const { resources, conditions = {} } = call
    for (const action of [call.action, ...(call.also ?? [])])
      if (judge && !(await judge({ action, resources, conditions }))) return denied({ action, resources })
    return null
  }

  async function perform(service: Service, call: Call): Promise<AwsAnswer> {
    try {
      const done = await call.run()
      record(call, null)
      return done
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error
      return refuse(service, call, error)
    }
  }

  function refuse(service: Service, call: Call, error: ServiceError): AwsAnswer {
    record(call, error.code)
    return service.error(error)
  }

  function record({ action, resources, conditions = {} }: Call, error: string | null): void {
    calls.push({ at: clock.now(), action, resources, conditions, error })
    clock.noteCall()
  }

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    calls,
    get givenUp() {
      return givenUp
    },
    allow(by) {
      isAllowed = by
    },
    enforce(by) {
      judge = by
    },
    intercept(by) {
      intercept = by
      counts.clear()
    },
    stop() {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

export function portOf(server: Pick<Server, 'address'>): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return address.port
}

export async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function toRequest(incoming: IncomingMessage, body: string, region: string): AwsRequest {
  const url = new URL(incoming.url ?? '/', 'http://sandbox')
  const target = incoming.headers['x-amz-target']
  return {
    method: incoming.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    target: typeof target === 'string' ? target : '',
    body,
    region,
    headers: incoming.headers,
  }
}

/** The wording of the services, with the action named: the user must be able to find it. */
function denied({ action, resources }: Pick<Call, 'action' | 'resources'>): ServiceError {
  const who = `arn:aws:iam::${ACCOUNT}:user/sandbox`
  const what = `User: ${who} is not authorized to perform: ${action} on resource: ${resources.join(', ')} because no identity-based policy allows the ${action} action`
  return isJson(action)
    ? new ServiceError('AccessDeniedException', what, 400)
    : new ServiceError('AccessDenied', what, 403)
}

/** The services of the JSON protocol name their errors in another way. */
function isJson(action: string): boolean {
  return action.startsWith('ssm:') || action.startsWith('dynamodb:')
}

function throttled({ action }: Call): ServiceError {
  return new ServiceError(isJson(action) ? 'ThrottlingException' : 'Throttling', 'Rate exceeded')
}

/** One bucket for each action, and for Route53 one for the whole account as well. */
function createBuckets(clock: Clock): (action: string) => boolean {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return (action) => {
    const names = action.startsWith('route53:') ? [action, 'route53:*'] : [action]
    return names.map(take).every((taken) => taken)
  }

  function take(name: string): boolean {
    const now = clock.now()
    const before = buckets.get(name) ?? { tokens: BURST, at: now }
    const tokens = Math.min(BURST, before.tokens + ((now - before.at) / 1000) * REFILL_PER_SECOND)
    buckets.set(name, { tokens: Math.max(0, tokens - 1), at: now })
    return tokens >= 1
  }
}

function plain(status: number, body: string): AwsAnswer {
  return { status, contentType: 'text/plain', body }
}

function send(response: ServerResponse, { status, contentType, body, headers }: AwsAnswer): void {
  response
    .writeHead(status, { 'content-type': contentType, 'x-amzn-requestid': 'sandbox', ...headers })
    .end(body)
}

/** As a connection that breaks in the middle of an answer. */
export function sendHalf(
  response: ServerResponse,
  { status, contentType, body }: Omit<AwsAnswer, 'headers'>,
): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) })
  response.write(body.slice(0, body.length / 2), () => response.destroy())
}
