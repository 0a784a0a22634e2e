/** What IAM takes as a server certificate, and what it refuses. */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { queryList, ServiceError } from './service.ts'

/** The patterns and lengths of botocore's iam/2010-05-08 model. */
export function checkForm(name: string, path: string, body: string, privateKey: string): void {
  const faults = [
    ...(/^[\w+=,.@-]{1,128}$/.test(name) ? [] : ['serverCertificateName']),
    ...(/^(\/|\/[\x21-\x7e]{1,510}\/)$/.test(path) ? [] : ['path']),
    ...(body.length >= 1 && body.length <= 16_384 ? [] : ['certificateBody']),
    ...(privateKey.length >= 1 && privateKey.length <= 16_384 ? [] : ['privateKey']),
  ]
  if (faults.length > 0)
    throw new ServiceError(
      'ValidationError',
      `${faults.length} validation error detected: Value at '${faults.join("', '")}' failed to satisfy constraint`,
    )
}

/** All or none: one tag that is not valid fails the request. */
export function readTags(form: URLSearchParams, already = 0): [string, string][] {
  const tags = queryList(form, 'Tags').map(({ Key = '', Value = '' }): [string, string] => [Key, Value])
  const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u
  if (already + tags.length > 50)
    throw new ServiceError('LimitExceeded', 'Cannot exceed quota for TagsPerServerCertificate: 50', 409)
  if (
    tags.some(
      ([key, value]) => key === '' || key.length > 128 || value.length > 256 || !allowed.test(key + value),
    )
  )
    throw new ServiceError('InvalidInput', 'A tag is not valid')
  if (new Set(tags.map(([key]) => key)).size < tags.length)
    throw new ServiceError('InvalidInput', 'Duplicate tag keys found')
  return tags
}

export function checkPair(body: string, chain: string, privateKey: string, now: number): X509Certificate {
  if ((body.match(/-----BEGIN CERTIFICATE-----/g) ?? []).length !== 1)
    throw new ServiceError('MalformedCertificate', 'Certificate body must hold exactly one certificate')
  const x509 = parse(
    'MalformedCertificate',
    'Unable to parse certificate. Please ensure the certificate is in PEM format.',
    () => new X509Certificate(body),
  )
  checkChain(x509, chain)
  const key: KeyObject = parse('MalformedCertificate', 'Invalid Private Key.', () =>
    createPrivateKey(privateKey),
  )
  if (!createPublicKey(key).equals(x509.publicKey))
    throw new ServiceError('KeyPairMismatch', 'Private key does not match the certificate')
  if (x509.validFromDate.getTime() > now)
    throw new ServiceError('MalformedCertificate', 'Certificate is not yet valid')
  if (x509.validToDate.getTime() <= now)
    throw new ServiceError('MalformedCertificate', 'Certificate has expired')
  return x509
}

const CHAIN_FAULT =
  'Unable to validate certificate chain. The certificate chain must start with the immediate signing certificate, followed by any intermediaries in order. The index within the chain of the invalid certificate is: -1'

/** The leaf's issuer first, each signed by the next, and nothing else in between. */
function checkChain(leaf: X509Certificate, chain: string): void {
  const block = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
  const links = parse('MalformedCertificate', CHAIN_FAULT, () =>
    (chain.match(block) ?? []).map((pem) => new X509Certificate(pem)),
  )
  const isClean = chain.replace(block, '').trim() === ''
  const isSigned = links.every((issuer, at) => {
    const subject = at === 0 ? leaf : links[at - 1]
    return subject?.checkIssued(issuer) && subject.verify(issuer.publicKey)
  })
  if (!isClean || !isSigned) throw new ServiceError('MalformedCertificate', CHAIN_FAULT)
}

function parse<T>(code: string, message: string, read: () => T): T {
  try {
    return read()
  } catch {
    throw new ServiceError(code, message)
  }
}
