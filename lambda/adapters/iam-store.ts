/** Server certificates in IAM. */
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
import { type AwsError, awsCall, isNamed } from '../aws-call.ts'
import { RotationError } from '../errors.ts'
import { readLeaf } from '../leaf.ts'
import type { CertificateDetail, Leaf, StoredCertificate, StoreQuota } from '../model.ts'
import { parseStoredName } from '../names.ts'
import type { CertificateStore, CertificateUpload } from '../ports.ts'

/** @param path everything under it is ours, as `/elb-cert-rotator/us-east-1/prod/` */
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
        PrivateKey: upload.privateKey,
        ...(upload.chain === '' ? {} : { CertificateChain: upload.chain }),
        Tags: Object.entries(upload.tags).map(([Key, Value]) => ({ Key, Value })),
      })
      const explain = (error: AwsError) => explainUpload(error, upload)
      try {
        const call = () => client.send(command)
        const answer = await awsCall('iam:UploadServerCertificate', `${path}${upload.name}`, call, explain)
        const arn = answer.ServerCertificateMetadata?.Arn
        if (arn) return arn
        throw new RotationError('store/refused', `IAM says nothing of where ${upload.name} is`, {
          name: upload.name,
        })
      } catch (error) {
        // an upload whose answer was lost is repeated by the SDK: the same serial is the same certificate
        const twin = isTwin(error) ? await read(upload.name) : null
        if (twin?.leaf.serial === readLeaf(upload.certificate).serial) return twin.arn
        throw error
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

function isTwin(error: unknown): boolean {
  return error instanceof RotationError && String(error.facts['awsError']).startsWith('EntityAlreadyExists')
}

function parseLeaf(name: string, pem: string): Leaf {
  try {
    return readLeaf(pem)
  } catch (cause) {
    throw new RotationError(
      'store/certificate-unreadable',
      `IAM's ${name} is no certificate`,
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
