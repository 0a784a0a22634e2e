/**
 * What the CA says of renewals (RFC 9773), as Boulder says it: windows, and the refusals of `replaces`.
 *
 * @see https://github.com/letsencrypt/boulder/blob/main/wfe2/wfe.go (RenewalInfo, validateReplacementOrder),
 *   core/objects.go (the windows)
 */
import { SubjectKeyIdentifierExtension } from '@peculiar/x509'
import { DAY_MS, HOUR_MS } from '../../../lambda/domain/instant.ts'
import type { Authority } from '../certificates.ts'
import type { Order } from './book.ts'
import { Problem } from './problem.ts'

const SHORT_MS = 10 * DAY_MS

export interface IssuedCertificate {
  /** Hex. */
  readonly serial: string
  readonly hosts: readonly string[]
  readonly accountId: string
  /** When it was issued; `notBefore` is an hour earlier. */
  readonly at: number
  readonly notBefore: number
  readonly notAfter: number
  readonly pem: string
  revokedAt: number | null
  /** The order that replaces it. */
  replacement: Order | null
}

export interface Window {
  readonly start: number
  readonly end: number
}

export interface Renewals {
  /** By serial, in the place of the usual. */
  readonly windows: Map<string, Window>
  /** Asked before each answer: what stands in its place. */
  override: (certificate: IssuedCertificate) => object | null
  /** Announced with each window of a revoked certificate; `null` for none. */
  explanation: string | null
  revoke(serial: string): void
  windowOf(certificate: IssuedCertificate): Window
  /** The body of an answer. @throws Problem malformed */
  renewalInfo(id: string): object
  /** @returns whether the order is exempt from rate limits @throws Problem malformed, alreadyReplaced, unauthorized */
  checkReplacement(
    id: string,
    accountId: string,
    hosts: readonly string[],
    statusOf: (order: Order) => string,
  ): boolean
  noteReplacement(id: string, order: Order): void
}

export function createRenewals(
  authority: Authority,
  now: () => number,
  issued: readonly IssuedCertificate[],
): Renewals {
  const keyId = authority.certificate.getExtension(SubjectKeyIdentifierExtension)?.keyId ?? ''

  /** @throws Problem malformed */
  function serialIn(id: string, prefix: string): string {
    const [issuer = '', serial = '', ...more] = id.split('.')
    if (issuer === '' || serial === '' || more.length > 0)
      throw new Problem('malformed', `${prefix} :: Invalid path`)
    if (!/^[\w-]+$/.test(issuer))
      throw new Problem(
        'malformed',
        `${prefix} :: Authority Key Identifier was not base64url-encoded or contained padding`,
      )
    if (Buffer.from(issuer, 'base64url').toString('hex') !== keyId.toLowerCase())
      throw new Problem(
        'malformed',
        `${prefix} :: path contained an Authority Key Identifier that did not match a known issuer`,
        404,
      )
    const bytes = Buffer.from(serial, 'base64url')
    // DER needs a zero byte before a first bit that is set: without it the number is another one
    return (bytes[0] ?? 0) >= 0x80 ? `negative ${bytes.toString('hex')}` : bytes.toString('hex')
  }

  const bySerial = new Map<bigint, IssuedCertificate>()

  function find(serial: string): IssuedCertificate | undefined {
    for (const one of issued.slice(bySerial.size)) bySerial.set(asNumber(one.serial), one)
    return bySerial.get(asNumber(serial))
  }

  const renewals: Renewals = {
    windows: new Map(),
    override: () => null,
    explanation: null,
    revoke(serial) {
      const certificate = issued.find((one) => one.serial === serial)
      if (!certificate) throw new Error(`the sandbox's CA has not issued ${serial}`)
      certificate.revokedAt = now()
    },
    windowOf({ serial, at, notAfter, revokedAt }) {
      const given = renewals.windows.get(serial)
      if (given) return given
      if (revokedAt !== null) return { start: now() - HOUR_MS, end: now() - HOUR_MS / 2 }
      const validityMs = notAfter + 1000 - at
      const ideal = notAfter - validityMs / (validityMs < SHORT_MS ? 2 : 3)
      return { start: ideal - validityMs / 100, end: ideal + validityMs / 100 }
    },
    renewalInfo(id) {
      const certificate = find(serialIn(id, 'While parsing ARI CertID an error occurred'))
      if (!certificate) throw new Problem('malformed', 'Requested certificate was not found', 404)
      const { start, end } = renewals.windowOf(certificate)
      const isExplained = certificate.revokedAt !== null && renewals.explanation !== null
      return (
        renewals.override(certificate) ?? {
          suggestedWindow: { start: toText(start), end: toText(end) },
          ...(isExplained ? { explanationURL: renewals.explanation } : {}),
        }
      )
    },
    checkReplacement(id, accountId, hosts, statusOf) {
      const prefix = "Could not validate ARI 'replaces' field"
      const serial = serialIn(id, prefix)
      const certificate = find(serial)
      const shown = `"${serial.padStart(36, '0')}"`
      if (certificate?.replacement && statusOf(certificate.replacement) !== 'invalid')
        throw new Problem(
          'alreadyReplaced',
          `${prefix} :: cannot indicate an order replaces certificate with serial ${shown}, which already has a replacement order`,
          409,
        )
      if (!certificate)
        throw new Problem(
          'malformed',
          `${prefix} :: request included \`replaces\` field, but no current certificate with serial ${shown} exists`,
          404,
        )
      if (certificate.accountId !== accountId)
        throw new Problem(
          'unauthorized',
          `${prefix} :: requester account did not request the certificate being replaced by this order`,
          403,
        )
      if (!hosts.some((host) => certificate.hosts.includes(host)))
        throw new Problem(
          'malformed',
          `${prefix} :: identifiers in this order do not match any identifiers in the certificate being replaced`,
        )
      const { start, end } = renewals.windowOf(certificate)
      return start <= now() && now() < end
    },
    noteReplacement(id, order) {
      const certificate = find(serialIn(id, ''))
      if (certificate) certificate.replacement = order
    },
  }
  return renewals
}

function asNumber(hex: string): bigint {
  return /^[0-9a-f]+$/.test(hex) ? BigInt(`0x${hex}`) : -1n
}

/** To the second. */
function toText(at: number): string {
  return new Date(Math.floor(at / 1000) * 1000).toISOString().replace('.000Z', 'Z')
}
