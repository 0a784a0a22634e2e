/** Look at what is there: the targets, what they serve, the certificate store. Reads only. */
import type { Context } from './context.ts'
import { serverNameOf } from './domain/hosts.ts'
import type {
  Attached,
  Certificate,
  CertificateDetail,
  Leaf,
  Observed,
  Probe,
  StoredCertificate,
  Target,
  TargetFacts,
} from './domain/model.ts'
import { idHash, specificationHash } from './domain/names.ts'
import { firstFailure, leavesOf } from './domain/probes.ts'
import { RotationError, rotationErrorOrThrow } from './domain/rotation-error.ts'
import { inParallel } from './parallel.ts'
import type { Ports, TargetView } from './ports.ts'

/** What this run and earlier ones know, so that less has to be read. */
export interface KnownCertificates {
  /** Stored by this run: IAM may list them late. */
  readonly justStored: readonly StoredCertificate[]
  /** ARNs of those that worked before the one in use, kept for rollback: they need not be read at every run. */
  readonly workedBefore: ReadonlySet<string>
}

/**
 * @throws RotationError only when AWS could not be asked at all; what is wrong with one target or certificate is a
 *   value in the result
 */
export async function observe(
  desired: readonly Certificate[],
  known: KnownCertificates,
  { ports, settings }: Pick<Context, 'ports' | 'settings'>,
): Promise<Observed> {
  const [views, listed] = await Promise.all([lookAtKinds(desired, ports), ports.store.list()])
  const byArn = new Map([...known.justStored, ...listed].map((certificate) => [certificate.arn, certificate]))
  const wanted = desired.flatMap((certificate) =>
    certificate.targets.map((target) => ({ certificate, target })),
  )
  const facts = await inParallel(wanted, settings.concurrency, ({ certificate, target }) =>
    lookAt(target, certificate, views, byArn, ports),
  )
  const targets = new Map(facts.map((fact) => [fact.target.key, fact]))
  const isNew = ({ arn }: StoredCertificate) => known.justStored.some((one) => one.arn === arn)
  // what this run stored has the tags it was stored with
  const toRead = unsettled(
    desired,
    targets,
    listed.filter((one) => !isNew(one)),
    known.workedBefore,
  )
  return {
    targets,
    stored: [...byArn.values()],
    users: new Map([...views.values()].flatMap(({ users }) => [...users])),
    ...(await readDetails(toRead, ports.store, settings.concurrency)),
  }
}

type Views = ReadonlyMap<string, TargetView>

/** One look for each kind of target, side by side. */
async function lookAtKinds(desired: readonly Certificate[], { targets }: Ports): Promise<Views> {
  const all = desired.flatMap((certificate) => certificate.targets)
  const kinds = [...new Set(all.map(({ kind }) => kind))]
  const views = await Promise.all(
    kinds.map(async (kind): Promise<[string, TargetView]> => {
      const view = await targets[kind]?.look(all.filter((target) => target.kind === kind))
      if (!view) throw new Error(`there is no adapter for targets of the kind ${kind}`)
      return [kind, view]
    }),
  )
  return new Map(views)
}

async function lookAt(
  target: Target,
  certificate: Certificate,
  views: Views,
  ours: ReadonlyMap<string, StoredCertificate>,
  { probe: probeListener, store }: Ports,
): Promise<TargetFacts> {
  const found = views.get(target.kind)?.find(target)
  if (!found) throw new Error(`there is no view of targets of the kind ${target.kind}`)
  if (found instanceof RotationError) return { target, problem: found }
  const { dnsName, port, certificateArn: arn } = found
  const probe = await probeListener({ dnsName, port, serverName: serverNameOf(certificate.hosts) })
  const stored = ours.get(arn)
  const attached: Attached = stored ? { origin: 'ours', arn, stored } : await readForeign(arn, probe, store)
  return { target, problem: null, endpoint: { dnsName, port }, attached, probe }
}

/** IAM returns the leaf of its own certificates. For any other, or one that may not be read, what is served counts. */
async function readForeign(arn: string, probe: Probe, store: Ports['store']): Promise<Attached> {
  const read = await readFromStore(arn, store)
  const refusal = read instanceof RotationError ? read : null
  const leaf = (read instanceof RotationError ? null : read) ?? leavesOf(probe)[0]
  if (leaf) return { origin: 'foreign', arn, leaf, refusal }
  if (refusal) return { origin: 'unreadable', arn, why: refusal }
  const why = arn.includes(IN_IAM) ? 'IAM does not know it' : 'it is not in IAM'
  return { origin: 'unreadable', arn, why: unreadable(arn, `${why}; ${firstFailure(probe)}`) }
}

const IN_IAM = ':server-certificate/'

async function readFromStore(arn: string, store: Ports['store']): Promise<Leaf | null | RotationError> {
  if (!arn.includes(IN_IAM)) return null
  try {
    return (await store.read(arn))?.leaf ?? null
  } catch (thrown) {
    return rotationErrorOrThrow(thrown)
  }
}

/**
 * Our certificates that have to be read one by one: those whose specification differs, and those that a target does not
 * have or does not serve. A settled certificate costs no call, nor does the one that worked before it.
 */
function unsettled(
  desired: readonly Certificate[],
  targets: ReadonlyMap<string, TargetFacts>,
  stored: readonly StoredCertificate[],
  workedBefore: ReadonlySet<string>,
): StoredCertificate[] {
  return desired.flatMap((certificate) => {
    const wanted = specificationHash(certificate)
    const here = certificate.targets.flatMap((target) => targets.get(target.key) ?? [])
    const own = stored.filter(({ idHash: hash }) => hash === idHash(certificate.id))
    const isInUse = ({ arn, specificationHash: hash }: StoredCertificate) =>
      hash === wanted && here.every((facts) => answersWith(facts, arn))
    const isSettled = own.some(isInUse)
    return own.filter((one) => !isInUse(one) && !(isSettled && workedBefore.has(one.arn)))
  })
}

function answersWith(facts: TargetFacts, arn: string): boolean {
  if (facts.problem !== null) return true
  return facts.attached.arn === arn && facts.probe.every((answer) => 'leaf' in answer)
}

async function readDetails(
  toRead: readonly StoredCertificate[],
  store: Ports['store'],
  concurrency: number,
): Promise<Pick<Observed, 'details' | 'unread'>> {
  const details = new Map<string, CertificateDetail>()
  const unread = new Map<string, RotationError>()
  await inParallel(toRead, concurrency, async ({ arn }) => {
    try {
      const detail = await store.read(arn)
      if (detail) details.set(arn, detail)
      else unread.set(arn, unreadable(arn, 'IAM lists it, but cannot find it'))
    } catch (thrown) {
      unread.set(arn, rotationErrorOrThrow(thrown))
    }
  })
  return { details, unread }
}

function unreadable(arn: string, why: string): RotationError {
  return new RotationError('store/certificate-unreadable', `${arn} cannot be read: ${why}`, { arn })
}
