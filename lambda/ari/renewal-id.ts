/** The ARI identifier of a certificate. @see RFC 9773 §4.1 */
import type { X509Certificate } from 'node:crypto'
import * as x509 from '@peculiar/x509'

const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35'

/** @returns key identifier of the issuer and serial, both base64url; `null` when the certificate names no issuer's key */
export function renewalIdOf(certificate: X509Certificate): string | null {
  const keyId = keyIdentifierOf(certificate)
  if (keyId === null || !/^[0-9A-F]+$/i.test(certificate.serialNumber)) return null
  return `${toBase64Url(keyId)}.${toBase64Url(derInteger(certificate.serialNumber))}`
}

function keyIdentifierOf({ raw }: X509Certificate): string | null {
  try {
    const extension = new x509.X509Certificate(raw).getExtension(AUTHORITY_KEY_IDENTIFIER)
    return extension instanceof x509.AuthorityKeyIdentifierExtension ? (extension.keyId ?? null) : null
  } catch {
    // Node reads some certificates that this parser does not: the CA is not asked about them
    return null
  }
}

/** As DER writes a positive integer: Node leaves out the zero byte before a first bit that is set. */
function derInteger(hex: string): string {
  const whole = hex.length % 2 === 0 ? hex : `0${hex}`
  return Number.parseInt(whole.slice(0, 2), 16) >= 0x80 ? `00${whole}` : whole
}

function toBase64Url(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64url')
}
