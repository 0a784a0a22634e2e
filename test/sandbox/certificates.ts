/** Certificates of the sandbox's own authorities: the embedded CA's, and those that were bought elsewhere. */
import { createPrivateKey, randomBytes, webcrypto } from 'node:crypto'
import * as x509 from '@peculiar/x509'
import { DAY_MS } from '../../lambda/domain/instant.ts'

x509.cryptoProvider.set(webcrypto)

type KeyPair = webcrypto.CryptoKeyPair
const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }

export interface Authority {
  readonly certificate: x509.X509Certificate
  readonly keys: KeyPair
  readonly pem: string
}

export interface Made {
  readonly pem: string
  /** PKCS#8, PEM. */
  readonly privateKey: string
}

const TEN_YEARS_MS = 10 * 365 * DAY_MS

/** A root, or an intermediate below `parent`; valid for twenty years around now, whatever the sandbox's clock says. */
export async function makeAuthority(name: string, parent: Authority | null = null): Promise<Authority> {
  const keys = await makeKeys()
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerial(),
    subject: `CN=${name},O=Sandbox`,
    issuer: parent ? parent.certificate.subject : `CN=${name},O=Sandbox`,
    notBefore: new Date(Date.now() - TEN_YEARS_MS),
    notAfter: new Date(Date.now() + TEN_YEARS_MS),
    signingKey: parent ? parent.keys.privateKey : keys.privateKey,
    publicKey: keys.publicKey,
    signingAlgorithm: ECDSA,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ...(parent ? [await x509.AuthorityKeyIdentifierExtension.create(parent.keys.publicKey)] : []),
    ],
  })
  return { certificate, keys, pem: `${certificate.toString('pem')}\n` }
}

/** Sign a leaf for a public key: no common name, hosts as subject alternative names. @returns PEM */
export async function signLeaf(
  authority: Authority,
  publicKey: x509.PublicKey | webcrypto.CryptoKey,
  leaf: { hosts: readonly string[]; notBefore: number; notAfter: number; serial?: string },
): Promise<string> {
  const isAddress = (host: string) => /^[\d.]+$/.test(host)
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: leaf.serial ?? newSerial(),
    subject: '',
    issuer: authority.certificate.subject,
    notBefore: new Date(leaf.notBefore),
    notAfter: new Date(leaf.notAfter),
    signingKey: authority.keys.privateKey,
    publicKey: publicKey as x509.PublicKeyType,
    signingAlgorithm: ECDSA,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(
        leaf.hosts.map((value) => ({ type: isAddress(value) ? 'ip' : 'dns', value })),
      ),
      await x509.AuthorityKeyIdentifierExtension.create(authority.keys.publicKey),
    ],
  })
  return `${certificate.toString('pem')}\n`
}

export async function makeKeys(): Promise<KeyPair> {
  return (await webcrypto.subtle.generateKey(ECDSA, true, ['sign', 'verify'])) as KeyPair
}

/** A leaf with a key of its own, as bought from a CA that this product never talks to. */
export async function makeLeaf(
  authority: Authority,
  leaf: { hosts: readonly string[]; notBefore: number; notAfter: number },
): Promise<Made> {
  const keys = await makeKeys()
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey))
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  return {
    pem: await signLeaf(authority, keys.publicKey, leaf),
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}

/** 18 bytes, positive, as Let's Encrypt's. */
export function newSerial(): string {
  const bytes = randomBytes(18)
  bytes[0] = 0x03
  return bytes.toString('hex')
}
