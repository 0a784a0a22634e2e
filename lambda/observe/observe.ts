/** Look at what is there: load balancers, what they serve, the certificate store. Reads only. */

import type { Settings } from '../defaults.ts'
import { RotationError } from '../errors.ts'
import type {
  Attached,
  Certificate,
  Leaf,
  Observed,
  Probe,
  StoredCertificate,
  Target,
  TargetFacts,
} from '../model.ts'
import { targetKey } from '../model.ts'
import { inParallel } from '../parallel.ts'
import type { Listener, LoadBalancer, Ports } from '../ports.ts'
import { firstFailure } from '../verify/judge.ts'
import { serverNameOf } from '../verify/verify.ts'
import { readDetails, unreadable } from './details.ts'

type World = Pick<Ports, 'loadBalancers' | 'store' | 'probe'>

/**
 * @param justStored certificates that this run has stored: IAM may list them late
 * @param workedBefore ARNs of those that are remembered to have worked before the one in force: kept for rollback, they
 *   need not be read again at every run
 * @throws RotationError only when AWS could not be asked at all; what is wrong with one target or certificate is a
 *   value in what is observed
 */
export async function observe(
  desired: readonly Certificate[],
  justStored: readonly StoredCertificate[],
  workedBefore: ReadonlySet<string>,
  world: World,
  settings: Settings,
): Promise<Observed> {
  const [balancers, listed] = await Promise.all([world.loadBalancers.list(), world.store.list()])
  const byArn = new Map([...justStored, ...listed].map((certificate) => [certificate.arn, certificate]))
  const wanted = desired.flatMap((certificate) =>
    certificate.targets.map((target) => ({ certificate, target })),
  )
  const facts = await inParallel(wanted, settings.concurrency, ({ certificate, target }) =>
    lookAt(target, certificate, balancers, byArn, world),
  )
  const targets = new Map(facts.map((fact) => [targetKey(fact.target), fact]))
  const stored = [...byArn.values()]
  // what this run stored has no tags but those it was stored with
  return {
    targets,
    stored,
    users: usersIn(balancers),
    ...(await readDetails(
      desired,
      targets,
      listed.filter((one) => !isIn(justStored, one)),
      workedBefore,
      world,
      settings,
    )),
  }
}

function usersIn(balancers: readonly LoadBalancer[]): ReadonlyMap<string, string> {
  return new Map(
    balancers.flatMap(({ name, listeners }) =>
      listeners.flatMap(({ port, certificateArn }): [string, string][] =>
        certificateArn === null ? [] : [[certificateArn, `${name}:${port}`]],
      ),
    ),
  )
}

function isIn(certificates: readonly StoredCertificate[], { arn }: StoredCertificate): boolean {
  return certificates.some((one) => one.arn === arn)
}

async function lookAt(
  target: Target,
  certificate: Certificate,
  balancers: readonly LoadBalancer[],
  ours: ReadonlyMap<string, StoredCertificate>,
  world: World,
): Promise<TargetFacts> {
  const found = findListener(target, balancers)
  if (found instanceof RotationError) return { target, problem: found }
  const { dnsName, certificateArn: arn } = found
  const probe = await world.probe({ dnsName, port: target.port, serverName: serverNameOf(certificate.hosts) })
  const stored = ours.get(arn)
  const attached: Attached = stored ? { origin: 'ours', arn, stored } : await readForeign(arn, probe, world)
  return { target, problem: null, dnsName, attached, probe }
}

function findListener(
  target: Target,
  balancers: readonly LoadBalancer[],
): RotationError | { readonly dnsName: string; readonly certificateArn: string } {
  const listener = targetKey(target)
  const balancer = balancers.find(({ name }) => name === target.loadBalancer)
  if (!balancer)
    return new RotationError(
      'elb/load-balancer-not-found',
      `no classic load balancer is named ${target.loadBalancer}, found ${listed(balancers.map(({ name }) => name))}`,
      { listener },
    )
  const found = balancer.listeners.find(({ port }) => port === target.port)
  if (!found)
    return new RotationError(
      'elb/listener-not-found',
      `${target.loadBalancer} has no listener on port ${target.port}, found ${listed(balancer.listeners.map(asText))}`,
      { listener },
    )
  if (!/^(HTTPS|SSL)$/.test(found.protocol) || found.certificateArn === null)
    return new RotationError(
      'elb/listener-not-tls',
      `${listener} is a listener for ${found.protocol}, looked for HTTPS or SSL with a certificate`,
      { listener, protocol: found.protocol },
    )
  return { dnsName: balancer.dnsName, certificateArn: found.certificateArn }
}

/** IAM gives the leaf of its own; one of ACM, or one that may not be read, is known by what the listener serves. */
async function readForeign(arn: string, probe: Probe, { store }: World): Promise<Attached> {
  const read = await readFromStore(arn, store)
  const served = probe.flatMap((answer) => ('leaf' in answer ? [answer.leaf] : []))[0]
  const known = ('leaf' in read ? read.leaf : undefined) ?? served
  const refusal = 'refusal' in read ? read.refusal : null
  if (known) return { origin: 'foreign', arn, leaf: known, refusal }
  if ('refusal' in read) return { origin: 'unreadable', arn, why: read.refusal }
  const why = arn.includes(STORE) ? 'IAM does not know it' : 'it is not in IAM'
  return { origin: 'unreadable', arn, why: unreadable(arn, `${why}; ${firstFailure(probe)}`) }
}

const STORE = ':server-certificate/'

async function readFromStore(
  arn: string,
  store: World['store'],
): Promise<{ leaf: Leaf | undefined } | { refusal: RotationError }> {
  if (!arn.includes(STORE)) return { leaf: undefined }
  try {
    return { leaf: (await store.read(arn))?.leaf }
  } catch (thrown) {
    if (!(thrown instanceof RotationError)) throw thrown
    return { refusal: thrown }
  }
}

function asText({ port, protocol }: Listener): string {
  return `${port} (${protocol})`
}

function listed(words: readonly string[]): string {
  return words.length === 0 ? 'none' : words.join(', ')
}
