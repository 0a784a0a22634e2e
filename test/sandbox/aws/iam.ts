/** IAM: server certificates and the account's quota. What it models and by which source: ../README.md. */
import { createHash, type X509Certificate } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { checkForm, checkPair, readTags } from './server-certificate.ts'
import {
  ACCOUNT,
  type AwsRequest,
  type Call,
  queryAnswer,
  queryList,
  type Service,
  ServiceError,
  toXmlInstant,
  xmlError,
} from './service.ts'

const NAMESPACE = 'https://iam.amazonaws.com/doc/2010-05-08/'

export interface ServerCertificate {
  readonly id: string
  readonly name: string
  readonly path: string
  readonly arn: string
  readonly body: string
  readonly chain: string
  readonly privateKey: string
  readonly x509: X509Certificate
  readonly uploadedAt: number
  readonly tags: Map<string, string>
}

export interface Iam {
  readonly service: Service
  /** As an upload by another client, long ago: load balancers know it at once. @returns the ARN */
  add(upload: { name: string; path?: string; body: string; chain?: string; privateKey: string }): string
  /** @returns `null` also for one that has not been spread yet */
  findForLoadBalancer(arn: string): ServerCertificate | null
  all(): readonly ServerCertificate[]
  snapshot(): object
  limit: number
  spreadMs: number
  /** From an upload until it is listed. */
  listLagMs: number
}

/** @param isInUse which ARN a load balancer has attached, and its own */
export function createIam(
  clock: Clock,
  options: { limit: number; spreadMs: number; isInUse: (arn: string) => string | null },
): Iam {
  const certificates = new Map<string, ServerCertificate>()
  let uploads = 0
  const state = { limit: options.limit, spreadMs: options.spreadMs, listLagMs: 0 }

  function find(name: string): ServerCertificate {
    const found = certificates.get(name)
    if (!found)
      throw new ServiceError('NoSuchEntity', `The Server Certificate with name ${name} cannot be found.`, 404)
    return found
  }

  function store(form: URLSearchParams, uploadedAt: number): ServerCertificate {
    const name = form.get('ServerCertificateName') ?? ''
    const path = form.get('Path') ?? '/'
    const body = form.get('CertificateBody') ?? ''
    const chain = form.get('CertificateChain') ?? ''
    const privateKey = form.get('PrivateKey') ?? ''
    checkForm(name, path, body, privateKey)
    if (certificates.has(name))
      throw new ServiceError(
        'EntityAlreadyExists',
        `The Server Certificate with name ${name} already exists.`,
        409,
      )
    if (certificates.size >= state.limit)
      throw new ServiceError(
        'LimitExceeded',
        `Cannot exceed quota for ServerCertificatesPerAccount: ${state.limit}`,
        409,
      )
    const certificate: ServerCertificate = {
      id: `ASCA${String(++uploads).padStart(17, '0')}`,
      name,
      path,
      arn: `arn:aws:iam::${ACCOUNT}:server-certificate${path}${name}`,
      body,
      chain,
      privateKey,
      x509: checkPair(body, chain, privateKey, clock.now()),
      uploadedAt,
      tags: new Map(readTags(form)),
    }
    certificates.set(name, certificate)
    return certificate
  }

  const operations: Record<
    string,
    (form: URLSearchParams) => { resources: string[]; run: () => object | null }
  > = {
    UploadServerCertificate: (form) => ({
      resources: [arnOf(form.get('Path') ?? '/', form)],
      run: () => ({ ServerCertificateMetadata: metadata(store(form, clock.now())) }),
    }),
    GetServerCertificate: (form) => ({
      resources: [arnOf(pathOf(form), form)],
      run: () => {
        const found = find(form.get('ServerCertificateName') ?? '')
        return {
          ServerCertificate: {
            ServerCertificateMetadata: metadata(found),
            CertificateBody: found.body,
            ...(found.chain === '' ? {} : { CertificateChain: found.chain }),
            Tags: { member: [...found.tags].map(([Key, Value]) => ({ Key, Value })) },
          },
        }
      },
    }),
    ListServerCertificates: (form) => ({ resources: ['*'], run: () => list(form) }),
    DeleteServerCertificate: (form) => ({
      resources: [arnOf(pathOf(form), form)],
      run: () => {
        const { arn, name, id } = find(form.get('ServerCertificateName') ?? '')
        const user = options.isInUse(arn)
        if (user)
          throw new ServiceError(
            'DeleteConflict',
            `Certificate: ${id} is currently in use by ${user}. Please remove it first before deleting it from IAM.`,
            409,
          )
        certificates.delete(name)
        return null
      },
    }),
    TagServerCertificate: (form) => ({
      resources: [arnOf(pathOf(form), form)],
      run: () => {
        const { tags } = find(form.get('ServerCertificateName') ?? '')
        for (const [key, value] of readTags(form, tags.size)) tags.set(key, value)
        return null
      },
    }),
    GetAccountSummary: () => ({
      resources: ['*'],
      run: () => ({
        SummaryMap: {
          entry: [
            { key: 'ServerCertificates', value: certificates.size },
            { key: 'ServerCertificatesQuota', value: state.limit },
          ],
        },
      }),
    }),
  }

  function list(form: URLSearchParams): object {
    const prefix = form.get('PathPrefix') ?? '/'
    const most = Number(form.get('MaxItems') ?? 100)
    const begin = Number(form.get('Marker') ?? 0)
    const all = [...certificates.values()].filter(
      ({ path, uploadedAt }) => path.startsWith(prefix) && clock.now() >= uploadedAt + state.listLagMs,
    )
    const next = begin + most
    return {
      ServerCertificateMetadataList: { member: all.slice(begin, next).map(metadata) },
      IsTruncated: next < all.length,
      ...(next < all.length ? { Marker: next } : {}),
    }
  }

  function pathOf(form: URLSearchParams): string {
    return certificates.get(form.get('ServerCertificateName') ?? '')?.path ?? '/'
  }

  function map({ body }: AwsRequest): Call | null {
    const form = new URLSearchParams(body)
    const name = form.get('Action') ?? ''
    const operation = Object.hasOwn(operations, name) ? operations[name]?.(form) : undefined
    if (!operation) return null
    return {
      action: `iam:${name}`,
      resources: operation.resources,
      conditions: tagConditions(form),
      also:
        name === 'UploadServerCertificate' && readTags(form).length > 0 ? ['iam:TagServerCertificate'] : [],
      run: () => queryAnswer(name, NAMESPACE, operation.run()),
    }
  }

  return {
    service: { scope: 'iam', map, error: xmlError },
    add({ name, path = '/', body, chain = '', privateKey }) {
      const form = new URLSearchParams({
        ServerCertificateName: name,
        Path: path,
        CertificateBody: body,
        CertificateChain: chain,
        PrivateKey: privateKey,
      })
      return store(form, 0).arn
    },
    findForLoadBalancer(arn) {
      const found = [...certificates.values()].find((certificate) => certificate.arn === arn)
      return found && clock.now() >= found.uploadedAt + state.spreadMs ? found : null
    },
    all: () => [...certificates.values()],
    snapshot: () =>
      [...certificates.values()].map(({ arn, x509, tags, privateKey }) => ({
        arn,
        serial: x509.serialNumber,
        tags: Object.fromEntries(tags),
        key: createHash('sha256').update(privateKey).digest('hex'),
      })),
    get limit() {
      return state.limit
    },
    set limit(limit) {
      state.limit = limit
    },
    get spreadMs() {
      return state.spreadMs
    },
    set spreadMs(ms) {
      state.spreadMs = ms
    },
    get listLagMs() {
      return state.listLagMs
    },
    set listLagMs(ms) {
      state.listLagMs = ms
    },
  }
}

/** Of the tags that a request brings. */
function tagConditions(form: URLSearchParams): Record<string, string | readonly string[]> {
  const tags = queryList(form, 'Tags')
  if (tags.length === 0) return {}
  return {
    'aws:TagKeys': tags.map(({ Key = '' }) => Key),
    ...Object.fromEntries(tags.map(({ Key = '', Value = '' }) => [`aws:RequestTag/${Key}`, Value])),
  }
}

function arnOf(path: string, form: URLSearchParams): string {
  return `arn:aws:iam::${ACCOUNT}:server-certificate${path}${form.get('ServerCertificateName') ?? ''}`
}

function metadata(certificate: ServerCertificate): object {
  return {
    Path: certificate.path,
    ServerCertificateName: certificate.name,
    ServerCertificateId: certificate.id,
    Arn: certificate.arn,
    UploadDate: toXmlInstant(certificate.uploadedAt),
    Expiration: toXmlInstant(certificate.x509.validToDate.getTime()),
  }
}
