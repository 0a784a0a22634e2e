/** Certificates of ours as earlier runs would have left them: in IAM, on a load balancer, and in the state. */
import { DAY_MS } from '../../lambda/domain/instant.ts'
import { readLeaf } from '../../lambda/domain/leaf.ts'
import type { Certificate } from '../../lambda/domain/model.ts'
import { certificateItem, storedName, storePath } from '../../lambda/domain/names.ts'
import { type CertificateState, NOTHING_KNOWN } from '../../lambda/domain/remembered.ts'
import { storedTags } from '../../lambda/domain/tags.ts'
import { makeItem } from '../../lambda/state/items.ts'
import { makeAuthority, makeLeaf } from '../sandbox/certificates.ts'
import { REGION, type Sandbox } from '../sandbox/sandbox.ts'
import { DEPLOYMENT } from './runners.ts'

export type Specified = Pick<Certificate, 'id' | 'hosts' | 'directoryUrl'> & Partial<Certificate>

/** @returns the ARN; it was uploaded long ago */
export async function storeOurs(
  sandbox: Sandbox,
  specified: Specified,
  { ageDays, lifetimeDays = 90 }: { ageDays: number; lifetimeDays?: number },
): Promise<string> {
  const notBefore = Math.floor(sandbox.clock.now() / 1000) * 1000 - ageDays * DAY_MS
  const notAfter = notBefore + lifetimeDays * DAY_MS
  const authority = await makeAuthority('Earlier CA')
  const { pem, privateKey } = await makeLeaf(authority, {
    hosts: specified.hosts,
    notBefore,
    notAfter,
  })
  const certificate = complete(specified)
  const arn = sandbox.iam.add({
    name: storedName(certificate, readLeaf(pem)),
    path: storePath(REGION, DEPLOYMENT),
    body: pem,
    chain: authority.pem,
    privateKey,
  })
  const stored = sandbox.iam.all().find((one) => one.arn === arn)
  for (const [key, value] of Object.entries(storedTags(DEPLOYMENT, certificate))) stored?.tags.set(key, value)
  return arn
}

/** Write what earlier runs would remember of a certificate. */
export async function remember(
  sandbox: Sandbox,
  table: string,
  certId: string,
  state: Partial<CertificateState>,
): Promise<void> {
  const at = sandbox.clock.now()
  const { id, v, deployment, data } = makeItem(certificateItem(certId), DEPLOYMENT, at, {
    ...NOTHING_KNOWN,
    ...state,
  })
  await sandbox.dynamodb.put(table, { id, v: v ?? 0, deployment: deployment ?? '', at, data: data ?? '' })
}

function complete(specified: Specified): Certificate {
  const usual = { isStaging: false, takeOver: 'when_due', allowStaging: false } as const
  return { keyType: 'ecdsa', profile: null, ...usual, targets: [], ...specified }
}
