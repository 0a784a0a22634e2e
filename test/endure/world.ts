/** A world with one certificate to do something for, things of others beside it, and the claims that hold at all times. */
import { DAY_MS, HOUR_MS } from '../../lambda/domain/instant.ts'
import { keyParameterPath } from '../../lambda/domain/names.ts'
import type { ServerCertificate } from '../sandbox/aws/iam.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { remember, type Specified, storeOurs } from '../support/ours.ts'
import { DEPLOYMENT } from '../support/runners.ts'
import { embeddedCa, type Ran, startTrial, TABLE, type Trial } from '../support/trial.ts'

export const HOST = 'www.example.com'
const NAME = `_acme-challenge.${HOST}`
/** Waits are short by the clock's speed alone: what the function has in production is what is tested. */
export const SETTINGS = { awsAttempts: 2 }

/**
 * What there is to do; how many certificates it takes, how many of ours stay in the end, and calls that a run of it
 * cannot be without.
 */
export const SCENARIOS = {
  'a first issuance': {
    issued: 1,
    kept: 1,
    calls: ['acme:new-account', 'acme:finalize', 'iam:UploadServerCertificate'],
  },
  'a renewal': {
    issued: 1,
    kept: 2,
    calls: [
      ...['acme:renewal-info', 'acme:new-order', 'acme:finalize'],
      ...['route53:ListResourceRecordSets', 'ssm:DeleteParameter'],
    ],
  },
  'a key-type change': {
    issued: 1,
    kept: 2,
    calls: ['acme:finalize', 'ssm:PutParameter', 'dynamodb:PutItem'],
  },
  'a clean-up': { issued: 0, kept: 2, calls: ['iam:DeleteServerCertificate'] },
  'a certificate that breaks its listener': {
    issued: 1,
    kept: 2,
    calls: ['acme:finalize', 'iam:TagServerCertificate'],
  },
} as const
export type Scenario = keyof typeof SCENARIOS

export interface World {
  readonly trial: Trial
  readonly sandbox: Sandbox
  readonly config: string
  /** What is wrong now, in words; empty when all is as it has to be at any time. */
  violations(): string[]
  /** What the listener had at first. */
  readonly first: string
  /** How many certificates the CA issued since then. */
  issued(): number
  /** What an earlier run may leave for some time, and must not for good. */
  leftovers(): Promise<string[]>
}

export async function startWorld(scenario: Scenario): Promise<World> {
  const trial = await startTrial(embeddedCa, {
    propagationMs: 0,
    spreadMs: 0,
    ca: { validationDelayMs: 0, finalizeDelayMs: 0, nonceRefusalShare: 0 },
    settings: SETTINGS,
  })
  const { sandbox } = trial
  const zone = sandbox.route53.addZone('example.com')
  sandbox.route53.put(zone, { name: HOST, type: 'A', values: ['192.0.2.1'] })
  if (scenario === 'a renewal') sandbox.route53.put(zone, foreignValue)
  sandbox.ssm.parameters.set('/other/key', { type: 'String', value: '{"key":"none"}', version: 1 })
  const bought = await sandbox.buy('bought', { hosts: [HOST], endsInMs: 9 * DAY_MS })
  await sandbox.addLoadBalancer('neighbour', 443, bought)
  const stored = await firstCertificate(sandbox, scenario, bought)
  await sandbox.addLoadBalancer('web', 443, stored)
  if (scenario === 'a certificate that breaks its listener')
    sandbox.listener('web', 443).behaviour = ({ arn }) => (isOurs(arn) && arn !== stored ? 'close' : 'serve')
  const key_type = scenario === 'a key-type change' ? 'ecdsa-p384' : 'ecdsa'
  const { directoryUrl, rootPem } = sandbox.ca
  const document = {
    acme: { directory_url: directoryUrl, root_certificates: rootPem },
    certificates: [{ name: 'web', hosts: [HOST], key_type, elb: { name: 'web' } }],
  }
  const config = JSON.stringify(document)
  trial.configureText(config)
  if (scenario === 'a renewal') await comeToRenewal(trial)
  const first = sandbox.listener('web', 443).serving().arn
  const issuedBefore = sandbox.ca.book.issued.length
  const served = watchListener(sandbox)
  const before = JSON.stringify(foreign(sandbox))

  return {
    trial,
    sandbox,
    config,
    first,
    issued: () => sandbox.ca.book.issued.length - issuedBefore,
    violations: () => [
      ...served
        .filter((one) => !isRight(one, sandbox))
        .map(({ name }) => `served ${name}, which is not right`),
      ...(isRight(sandbox.listener('web', 443).serving(), sandbox)
        ? []
        : ['the listener serves nothing right']),
      ...(JSON.stringify(foreign(sandbox)) === before ? [] : ['something foreign changed']),
    ],
    leftovers: async () => [
      ...ourValues(sandbox).map((value) => `the challenge value ${value}`),
      ...[...sandbox.ssm.parameters.keys()].filter((name) => name.startsWith(keyParameterPath(DEPLOYMENT))),
      ...(await inTable(sandbox)),
      ...excess(sandbox, scenario),
    ],
  }
}

const foreignValue = { name: NAME, type: 'TXT', ttl: 77, values: ['"foreign"'] }

async function firstCertificate(sandbox: Sandbox, scenario: Scenario, bought: string): Promise<string> {
  if (scenario === 'a first issuance' || scenario === 'a renewal') return bought
  const specified: Specified = { id: 'web', hosts: [HOST], directoryUrl: sandbox.ca.directoryUrl }
  if (scenario === 'a clean-up')
    for (const ageDays of [80, 70, 60]) await storeOurs(sandbox, specified, { ageDays })
  const isDue = scenario === 'a certificate that breaks its listener'
  const arn = await storeOurs(sandbox, specified, { ageDays: isDue ? 70 : 10 })
  const since = sandbox.clock.now() - 5 * DAY_MS
  await remember(sandbox, TABLE, 'web', { working: { 'web:443': { arn, since, seen: true, before: null } } })
  return arn
}

/** What the CA issued to this very account, and wants replaced now: the order says so, and the CA takes it once. */
async function comeToRenewal({ sandbox, run }: Trial): Promise<void> {
  const { ca, clock } = sandbox
  ca.options.authorizationReuseMs = 0
  if ((await run()).error) throw new Error('the certificate to be renewed was not issued')
  const [first] = ca.book.issued
  const now = clock.now()
  if (first) ca.book.renewals.windows.set(first.serial, { start: now, end: now + HOUR_MS / 2 })
  clock.advance(HOUR_MS)
}

/** @returns everything that the listener was ever pointed at, growing */
function watchListener(sandbox: Sandbox): ServerCertificate[] {
  const listener = sandbox.listener('web', 443)
  const { attach } = listener
  const served: ServerCertificate[] = []
  listener.attach = (certificate) => {
    served.push(certificate)
    attach(certificate)
  }
  return served
}

function isRight({ x509 }: ServerCertificate, { clock }: Sandbox): boolean {
  return x509.checkHost(HOST) !== undefined && x509.validToDate.getTime() > clock.now()
}

/** All that is not ours to change, as one text. */
function foreign(sandbox: Sandbox): object {
  const { route53, iam, elb, ssm } = sandbox
  return {
    records: route53
      .zones()
      .flatMap(({ id }) => route53.records(id))
      .map(({ name, type, ttl, values }) => [
        name,
        type,
        ttl,
        ...values.filter((value) => !isOurValue(name, value)),
      ])
      .filter(({ length }) => length > 3)
      .map((facts) => facts.join(' '))
      .sort(),
    certificates: iam.all().flatMap(({ arn, path, tags }) => (path === '/' ? [[arn, ...tags]] : [])),
    parameters: [...ssm.parameters].filter(([name]) => !name.startsWith('/elb-cert-rotator/')),
    neighbour: elb.balancers.get('neighbour'),
  }
}

function isOurValue(name: string, value: string): boolean {
  return name.startsWith('_acme-challenge') && value !== '"foreign"'
}

function ourValues({ route53 }: Sandbox): string[] {
  return route53
    .zones()
    .flatMap(({ id }) => route53.records(id))
    .flatMap(({ name, values }) => values.filter((value) => isOurValue(name, value)))
}

async function inTable({ dynamodb }: Sandbox): Promise<string[]> {
  const items = await dynamodb.items(TABLE)
  const state = JSON.parse(String(items.get('cert#web')?.['data'] ?? '{"values":[]}')) as {
    order?: object | null
    values: unknown[]
  }
  return [
    ...(items.has('lease') ? ['a lease'] : []),
    ...(state.order ? ['an order in the table'] : []),
    ...(state.values.length > 0 ? ['values in the table'] : []),
  ]
}

/** The one in force, and one that worked before it. */
function excess({ iam }: Sandbox, scenario: Scenario): string[] {
  const ours = iam.all().filter(({ path }) => path !== '/')
  const { kept } = SCENARIOS[scenario]
  return ours.length === kept ? [] : [`${ours.length} certificates of ours, where ${kept} are kept`]
}

function isOurs(arn: string): boolean {
  return arn.includes('/elb-cert-rotator/')
}

/** @returns whether clients of the listener are served */
export function isServing({ elb, listener }: Sandbox): boolean {
  const serving = listener('web', 443).serving()
  const attached = elb.balancers.get('web')?.listeners[0]?.certificateArn
  return attached === serving.arn && listener('web', 443).behaviour(serving) === 'serve'
}

/** @returns whether a run had nothing to say against and nothing left to do */
export function isSettled({ error, outcomes }: Ran): boolean {
  return error === null && Object.values(outcomes).join() === 'settled'
}
