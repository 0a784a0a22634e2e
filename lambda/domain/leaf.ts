/** What a certificate says about itself, read by Node's parser. Pure. */
import { X509Certificate } from 'node:crypto'
import type { Leaf } from './model.ts'

/** @param certificate PEM (the first one counts) or DER @throws when it is not a certificate */
export function readLeaf(certificate: string | Buffer): Leaf {
  return toLeaf(new X509Certificate(certificate))
}

export function toLeaf(x509: X509Certificate): Leaf {
  return {
    serial: x509.serialNumber.toLowerCase(),
    hosts: dnsNames(x509.subjectAltName),
    notBefore: x509.validFromDate.getTime(),
    notAfter: x509.validToDate.getTime(),
    issuer: issuerName(x509.issuer),
  }
}

/** `DNS:a.example, DNS:b.example, IP Address:…` -> the DNS names */
function dnsNames(subjectAltName: string | undefined): string[] {
  return (subjectAltName ?? '')
    .split(', ')
    .flatMap((entry) => (entry.startsWith('DNS:') ? [entry.slice(4).toLowerCase()] : []))
}

/** Common name and organisation, one line: `R11, Let's Encrypt`. */
function issuerName(issuer: string | undefined): string {
  const parts = Object.fromEntries(
    (issuer ?? '')
      .split('\n')
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
  return [parts['CN'], parts['O']].filter(Boolean).join(', ') || 'an unnamed issuer'
}
