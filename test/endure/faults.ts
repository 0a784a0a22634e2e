/**
 * Each call of a run answers once, and then always, with each fault there is. Two certificates are due: what is wrong
 * with the one must not stop the other.
 */
import type { Settings } from '../../lambda/domain/defaults.ts'
import { ERRORS } from '../../lambda/domain/errors.ts'
import { DAY_MS, HOUR_MS } from '../../lambda/domain/instant.ts'
import { keyParameterPath } from '../../lambda/domain/names.ts'
import { type AwsAnswer, ServiceError } from '../sandbox/aws/service.ts'
import { DEPLOYMENT } from '../support/runners.ts'
import { embeddedCa, type Ran, startTrial, type Trial } from '../support/trial.ts'
import { type Interference, type Refusal, type Seen, watchCalls } from './calls.ts'

/** Of the one certificate, of the other, or of the run as a whole. */
type Whose = 'ours' | 'other' | 'shared'

/** Where a run begins: with nothing, or with orders that an earlier run has brought to the upload. */
const BEGINNINGS = ['fresh', 'orders in flight'] as const
type Beginning = (typeof BEGINNINGS)[number]

export interface FaultPoint {
  readonly beginning: Beginning
  readonly name: string
  readonly whose: Whose
  /** Among the calls of this name that are equally ours, from 1. */
  readonly nth: number
  readonly fault: Fault
  readonly how: 'once' | 'always'
}

/** The run has fifteen minutes in production. */
const LONGEST_RUN_MS = 900_000
const CERTIFICATES = { ours: 'www.example.com', other: 'www.example.org' } as const
/** For what hangs, in our time; the other waits are the clock's. */
const HANG_MS = 400
const SETTINGS = {
  awsAttempts: 2,
  acmeAttempts: 2,
  acmePollTimeoutMs: 10_000,
  dnsSyncTimeoutMs: 10_000,
  attachTimeoutMs: 10_000,
  verifyTimeoutMs: 10_000,
}

const FAULTS = {
  throttling: (call) => refusal(aws(call, 'Throttling', 400), problem(429, 'rateLimited', '1')),
  'status 500': (call) => refusal(aws(call, 'InternalFailure', 500), { status: 500, text: '<html>' }),
  'status 503 with Retry-After': () => {
    const headers = { 'retry-after': '1' }
    const aws = { status: 503, headers, contentType: 'text/plain', body: 'not today' }
    return { refusal: { aws, ca: { status: 503, text: '<html>', headers } } }
  },
  hang: () => 'hang',
  reset: () => 'reset',
  'lost answer': () => 'lost',
  'truncated body': () => 'truncated',
  AccessDenied: (call) => refusal(aws(call, 'AccessDenied', 403), problem(403, 'unauthorized')),
  'expired credentials': (call) =>
    refusal(aws(call, 'ExpiredToken', 403), problem(400, 'accountDoesNotExist')),
} as const satisfies Record<string, (call: Seen) => Interference>
export type Fault = keyof typeof FAULTS

function refusal(
  aws: ServiceError,
  ca: { status: number; text: string; headers?: Record<string, string> },
): Interference {
  return { refusal: { aws, ca } }
}

/** The services of the JSON protocol end the names of their errors otherwise. */
function aws({ name }: Seen, code: string, status: number): ServiceError {
  const isJson = name.startsWith('ssm:') || name.startsWith('dynamodb:')
  return isJson
    ? new ServiceError(`${code}Exception`, 'not today', status === 403 ? 400 : status)
    : new ServiceError(code, 'not today', status)
}

function problem(status: number, type: string, retryAfter?: string) {
  return {
    status,
    text: JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail: 'not today' }),
    headers: {
      'content-type': 'application/problem+json',
      ...(retryAfter === undefined ? {} : { 'retry-after': retryAfter }),
    },
  }
}

async function startWorld(beginning: Beginning): Promise<Trial> {
  const trial = await startTrial(embeddedCa, {
    propagationMs: 0,
    spreadMs: 0,
    ca: { validationDelayMs: 0, finalizeDelayMs: 0, nonceRefusalShare: 0 },
    settings: SETTINGS,
  })
  const { sandbox } = trial
  for (const [name, host] of Object.entries(CERTIFICATES)) {
    sandbox.route53.addZone(host.slice('www.'.length))
    const arn = await sandbox.buy(`bought-${name}`, { hosts: [host], endsInMs: 9 * DAY_MS })
    await sandbox.addLoadBalancer(name, 443, arn)
  }
  trial.configure(
    Object.entries(CERTIFICATES).map(([name, host]) => {
      return { name, hosts: [host], key_type: 'ecdsa', elb: { name } }
    }),
  )
  if (beginning === 'orders in flight') {
    sandbox.aws.intercept(({ action }) =>
      action === 'iam:UploadServerCertificate' ? new ServiceError('InvalidInput', 'not yet') : null,
    )
    await trial.run()
    sandbox.aws.intercept(null)
    sandbox.clock.advance(HOUR_MS)
  }
  return trial
}

function whoseIs({ about }: Seen, { sandbox }: Trial): Whose {
  for (const [name, host] of Object.entries(CERTIFICATES)) {
    const zone = sandbox.route53.zones().find((one) => one.name.startsWith(host.slice('www.'.length)))
    const marks = [
      host,
      `loadbalancer/${name}`,
      `/${name}-`,
      `bought-${name}`,
      `cert#${name}`,
      zone?.id ?? host,
    ]
    if (marks.some((mark) => about.includes(mark))) return name as Whose
  }
  return 'shared'
}

/** The calls of a clean run from each beginning. */
export async function faultPoints(): Promise<FaultPoint[]> {
  const points: FaultPoint[] = []
  // one after the other: AWS is found by the environment of the process
  for (const beginning of BEGINNINGS) points.push(...(await pointsFrom(beginning)))
  return points
}

/** But for those of the other certificate, which are the same once more. */
async function pointsFrom(beginning: Beginning): Promise<FaultPoint[]> {
  const trial = await startWorld(beginning)
  const seen: { name: string; whose: Whose; nth: number }[] = []
  try {
    watchCalls(trial.sandbox, (call) => {
      const whose = whoseIs(call, trial)
      const nth = seen.filter((one) => one.name === call.name && one.whose === whose).length + 1
      seen.push({ name: call.name, whose, nth })
      return null
    })
    const clean = await trial.run()
    if (clean.error) throw new Error('a clean run fails')
  } finally {
    await trial.stop()
  }
  const faults = Object.keys(FAULTS) as Fault[]
  return seen
    .filter(({ whose }) => whose !== 'other')
    .flatMap((one) =>
      faults.flatMap((fault): FaultPoint[] => [
        { ...one, beginning, fault, how: 'once' },
        { ...one, beginning, fault, how: 'always' },
      ]),
    )
}

export async function faultAt(point: FaultPoint): Promise<Omit<Met, 'isVoid'>> {
  const sparesOther = point.whose === 'ours'
  for (let hangMs = HANG_MS; ; hangMs *= 2) {
    let count = 0
    const what = (call: Seen, whose: Whose) => {
      if (call.name !== point.name || whose !== point.whose) return null
      const isIt = ++count === point.nth || (point.how === 'always' && count > point.nth)
      return isIt ? FAULTS[point.fault](call) : null
    }
    const timeouts = point.fault === 'hang' ? shortened(point.name, hangMs) : {}
    const met = await meet(point.beginning, sparesOther, mostIssued(point), what, timeouts)
    if (!met.isVoid) return met
  }
}

/** The one time-out that what hangs is given up by. */
function shortened(name: string, hangMs: number): Partial<Settings> {
  return name.startsWith('acme:') ? { acmeRequestTimeoutMs: hangMs } : { awsRequestTimeoutMs: hangMs }
}

/** A table that cannot be read costs one more for each entry; and the CA may say itself that an order is not ours. */
function mostIssued({ beginning, name, fault }: FaultPoint): number {
  if (beginning === 'fresh') return 2
  if (name === 'dynamodb:Scan') return 4
  return name === 'acme:order' && fault === 'AccessDenied' ? 3 : 2
}

/** Every call of this name is answered so. */
export function nonsenseAt(name: string, answer: AwsAnswer): Promise<Omit<Met, 'isVoid'>> {
  const { status, body: text, contentType } = answer
  const refusal: Refusal = { aws: answer, ca: { status, text, headers: { 'content-type': contentType } } }
  return meet('fresh', false, 2, (call) => (call.name === name ? { refusal } : null))
}

interface Met {
  /** What did not hold. */
  readonly broken: string[]
  /** Anything was met at all. */
  readonly wasReached: boolean
  /** On a slow machine, what would have answered was given up as well: that says nothing. */
  readonly isVoid: boolean
}

/**
 * A run that meets something, and the runs after it.
 *
 * @param sparesOther the other certificate has nothing to do with it
 * @param most how many certificates may be issued in all, for the work of two
 * @param timeouts of that run alone
 */
async function meet(
  beginning: Beginning,
  sparesOther: boolean,
  most: number,
  what: (call: Seen, whose: Whose) => Interference | null,
  timeouts: Partial<Settings> = {},
): Promise<Met> {
  const trial = await startWorld(beginning)
  try {
    let met = 0
    watchCalls(trial.sandbox, (call) => {
      const interference = what(call, whoseIs(call, trial))
      if (interference) met++
      return interference
    })
    const { sandbox, settings } = trial
    Object.assign(settings, timeouts)
    const faulted = await trial.run()
    for (const name of Object.keys(timeouts) as (keyof Settings)[]) delete settings[name]
    const isVoid = Object.keys(timeouts).length > 0 && sandbox.aws.givenUp + sandbox.ca.givenUp > 0
    const broken = [...judge(faulted, sparesOther), ...unserved(trial)]
    watchCalls(trial.sandbox, null)
    return { broken: [...broken, ...(await afterwards(trial, most))], wasReached: met > 0, isVoid }
  } finally {
    await trial.stop()
  }
}

function judge({ codes, error, outcomes, events }: Ran, sparesOther: boolean): string[] {
  const unknown = codes.filter((code) => !(code in ERRORS) || code === 'bug/unexpected')
  const [end] = events.filter((event) => event.event === 'run.finished')
  const isWhole =
    Object.keys(outcomes).length === 2 && Object.values(outcomes).every((one) => one === 'renewed')
  return [
    ...(error === null && !isWhole ? [`well without having done it: ${JSON.stringify(outcomes)}`] : []),
    ...unknown.map((code) => `ended with ${code}: ${JSON.stringify(events.filter(isFailure))}`),
    ...(end && end.durationMs > LONGEST_RUN_MS ? [`took ${end.durationMs} ms`] : []),
    ...(sparesOther && outcomes['other'] !== 'renewed' ? [`the other one: ${outcomes['other']}`] : []),
  ]
}

function isFailure({ event }: { event: string }): boolean {
  return event === 'cert.failed' || event === 'run.failed'
}

function unserved({ sandbox }: Trial): string[] {
  return Object.entries(CERTIFICATES).flatMap(([name, host]) => {
    const { x509 } = sandbox.listener(name, 443).serving()
    const isRight = x509.checkHost(host) !== undefined && x509.validToDate.getTime() > sandbox.clock.now()
    return isRight ? [] : [`${name} serves nothing right`]
  })
}

/** Without the fault: at most two runs settle it, at no further cost, and nothing is left. */
async function afterwards(trial: Trial, most: number): Promise<string[]> {
  const { sandbox } = trial
  const broken: string[] = []
  let last: Ran | null = null
  for (let run = 0; run < 2 && !(last && last.error === null); run++) {
    sandbox.clock.advance(HOUR_MS)
    last = await trial.run()
  }
  if (last?.error) broken.push(`not settled in two runs: ${last.codes.join(', ')}`)
  broken.push(...unserved(trial))
  sandbox.clock.advance(HOUR_MS)
  const proof = await trial.run()
  const isSettled = Object.values(proof.outcomes).join() === 'settled,settled' && proof.error === null
  if (!isSettled) broken.push(`something was left to do: ${JSON.stringify(proof.outcomes)}`)
  for (const name of Object.keys(CERTIFICATES))
    if (sandbox.listener(name, 443).serving().path === '/') broken.push(`${name} has not got its new one`)
  const issued = sandbox.ca.book.issued.length
  if (issued < 2 || issued > most) broken.push(`${issued} certificates were issued for the work of two`)
  const keys = [...sandbox.ssm.parameters.keys()].filter((name) =>
    name.startsWith(keyParameterPath(DEPLOYMENT)),
  )
  const values = sandbox.route53
    .zones()
    .flatMap(({ id }) => sandbox.route53.records(id))
    .filter(({ name }) => name.startsWith('_acme'))
  const ours = sandbox.iam.all().filter(({ path }) => path !== '/')
  if (keys.length + values.length > 0)
    broken.push(`left: ${[...keys, ...values.map(({ name }) => name)].join()}`)
  if (ours.length !== 2) broken.push(`${ours.length} certificates of ours for two entries`)
  return broken
}

export function textOfFault({ beginning, name, whose, nth, fault, how }: FaultPoint): string {
  return `${beginning}, ${fault} ${how} at ${name} (${whose}), number ${nth}`
}
