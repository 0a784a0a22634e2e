/** Server certificates in IAM. */
import type { KeyObject } from 'node:crypto'
import {
  DeleteServerCertificateCommand,
  GetAccountSummaryCommand,
  GetServerCertificateCommand,
  type IAMClient,
  paginateListServerCertificates,
  type ServerCertificateMetadata,
  TagServerCertificateCommand,
  UploadServerCertificateCommand,
} from '@aws-sdk/client-iam'
import { readLeaf } from '../domain/leaf.ts'
import type { CertificateDetail, Leaf, StoredCertificate, StoreQuota } from '../domain/model.ts'
import { parseStoredName } from '../domain/names.ts'
import { RotationError } from '../domain/rotation-error.ts'
import type { CertificateStore, CertificateUpload } from '../ports.ts'
import { type AwsError, awsCall, isNamed } from './aws-call.ts'

/** @param path everything under it is ours; for example `/elb-cert-rotator/us-east-1/prod/` */
export function iamStore(client: IAMClient, path: string): CertificateStore {
  async function read(name: string): Promise<(CertificateDetail & { arn: string }) | null> {
    const command = new GetServerCertificateCommand({ ServerCertificateName: name })
    const answer = await awsCall('iam:GetServerCertificate', name, () => orNull(client.send(command)))
    const found = answer?.ServerCertificate
    if (!found) return null
    const pem = found.CertificateBody ?? ''
    const tags = Object.fromEntries((found.Tags ?? []).map(({ Key = '', Value = '' }) => [Key, Value]))
    return {
      arn: found.ServerCertificateMetadata?.Arn ?? '',
      leaf: parseLeaf(name, pem),
      pem,
      tags,
    }
  }

  return {
    async list() {
      const all: StoredCertificate[] = []
      await awsCall('iam:ListServerCertificates', path, async () => {
        for await (const page of paginateListServerCertificates(
          { client, pageSize: 1000 },
          { PathPrefix: path },
        ))
          all.push(...(page.ServerCertificateMetadataList ?? []).flatMap(toStored))
      })
      return all
    },

    read: (arn) => read(arn.slice(arn.lastIndexOf('/') + 1)),

    async quota(): Promise<StoreQuota> {
      const { SummaryMap: summary } = await awsCall('iam:GetAccountSummary', 'the account', () =>
        client.send(new GetAccountSummaryCommand({})),
      )
      return {
        used: summary?.['ServerCertificates'] ?? 0,
        limit: summary?.['ServerCertificatesQuota'] ?? Number.MAX_SAFE_INTEGER,
      }
    },

    async upload(upload) {
      const command = new UploadServerCertificateCommand({
        Path: path,
        ServerCertificateName: upload.name,
        CertificateBody: upload.certificate,
        PrivateKey: toTraditional(upload.privateKey),
        ...(upload.chain === '' ? {} : { CertificateChain: upload.chain }),
        Tags: Object.entries(upload.tags).map(([Key, Value]) => ({ Key, Value })),
      })
      const explain = (error: AwsError) => explainUpload(error, upload)
      return awsCall('iam:UploadServerCertificate', `${path}${upload.name}`, send, explain)

      async function send(): Promise<string> {
        try {
          const arn = (await client.send(command)).ServerCertificateMetadata?.Arn
          if (arn) return arn
        } catch (error) {
          // the SDK repeats an upload whose answer was lost: the same serial is the same certificate
          const isTaken = error instanceof Error && isNamed(error, 'EntityAlreadyExists')
          const twin = isTaken ? await read(upload.name) : null
          if (twin?.leaf.serial === readLeaf(upload.certificate).serial) return twin.arn
          throw error
        }
        const what = `IAM answered the upload of ${upload.name} without an ARN`
        throw new RotationError('store/refused', what, { name: upload.name })
      }
    },

    async tag(arn, tags) {
      const command = new TagServerCertificateCommand({
        ServerCertificateName: arn.slice(arn.lastIndexOf('/') + 1),
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      })
      await awsCall('iam:TagServerCertificate', arn, () => client.send(command))
    },

    async remove(arn) {
      const name = arn.slice(arn.lastIndexOf('/') + 1)
      const command = new DeleteServerCertificateCommand({ ServerCertificateName: name })
      return awsCall('iam:DeleteServerCertificate', arn, async () => {
        try {
          await orNull(client.send(command))
          return null
        } catch (error) {
          if (error instanceof Error && isNamed(error, 'DeleteConflict')) return error.message
          throw error
        }
      })
    },
  }
}

function toStored(metadata: ServerCertificateMetadata): StoredCertificate[] {
  const name = metadata.ServerCertificateName ?? ''
  const parts = parseStoredName(name)
  if (!parts || !metadata.Arn || !metadata.Expiration) return []
  return [
    {
      arn: metadata.Arn,
      name,
      ...parts,
      notAfter: metadata.Expiration.getTime(),
      uploadedAt: metadata.UploadDate?.getTime() ?? 0,
    },
  ]
}

function explainUpload(error: AwsError, { name }: CertificateUpload): RotationError | null {
  const words = `${error.name}: ${error.message}`
  if (isNamed(error, 'LimitExceeded'))
    return new RotationError(
      'store/quota-full',
      `IAM has no room for ${name}: ${words}`,
      { name },
      { cause: error },
    )
  if (
    isNamed(
      error,
      'EntityAlreadyExists',
      'MalformedCertificate',
      'KeyPairMismatch',
      'InvalidInput',
      'ConcurrentModification',
    )
  )
    return new RotationError(
      'store/refused',
      `IAM refuses ${name}: ${words}`,
      { name, awsError: error.name },
      { cause: error },
    )
  return null
}

/** IAM's examples show `BEGIN RSA PRIVATE KEY`, and no page says that it accepts PKCS#8. */
export function toTraditional(key: KeyObject): string {
  const type = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1'
  return key.export({ type, format: 'pem' }) as string
}

function parseLeaf(name: string, pem: string): Leaf {
  try {
    return readLeaf(pem)
  } catch (cause) {
    throw new RotationError(
      'store/certificate-unreadable',
      `what IAM returns for ${name} is not a certificate`,
      { name },
      { cause },
    )
  }
}

async function orNull<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof Error && isNamed(error, 'NoSuchEntity')) return null
    throw error
  }
}
