/**
 * When a certificate is due: one rule, on a window in the certificate's life. It is the CA's window (RFC 9773), or
 * without one, 2/3 of the lifetime (1/2 when it is under ten days) plus and minus 1 % of it.
 * @see https://letsencrypt.org/docs/integration-guide/ "When to Renew"
 */
import { hash } from 'node:crypto'
import { DAY_MS } from '../domain/instant.ts'
import type { EpochMs, Lifetime, RenewalWindow } from '../domain/model.ts'

export type Due = 'point-passed' | 'before-next-run' | 'window-closes' | 'near-its-end'

const SHORT_LIFETIME_MS = 10 * DAY_MS
/** In this last part of its life, and at the last run before it, a certificate is due whatever the CA advises. */
const LAST_PART = 1 / 20

export function ownWindow({ notBefore, notAfter }: Lifetime): RenewalWindow {
  const lifetimeMs = notAfter - notBefore
  const part = lifetimeMs < SHORT_LIFETIME_MS ? 1 / 2 : 2 / 3
  return { start: notBefore + lifetimeMs * (part - 0.01), end: notBefore + lifetimeMs * (part + 0.01) }
}

/** The window that the CA gave for this very certificate, else our own. */
export function windowOf(lifetime: Lifetime, renewal: Advised | null): RenewalWindow {
  return (renewal?.serial === lifetime.serial ? renewal.window : null) ?? ownWindow(lifetime)
}

/** The CA's last advice on the certificate with this serial. */
export interface Advised {
  readonly serial: string
  readonly window: RenewalWindow | null
}

/** The CA wants it replaced early: it is revoked, or will be. */
export function isEarly(lifetime: Lifetime, window: RenewalWindow, now: EpochMs): boolean {
  return window.end <= now && now < ownWindow(lifetime).start
}

/** Whether `now` is in the window; its end is not. */
export function isIn(window: RenewalWindow | null, now: EpochMs): boolean {
  return window !== null && window.start <= now && now < window.end
}

/** The instant in the window at which this certificate is renewed: spread by its serial, the same in every run. */
export function pointIn(window: RenewalWindow, serial: string): EpochMs {
  const spread = hash('sha256', serial, 'buffer').readUInt32BE() / 2 ** 32
  return Math.floor(window.start + (window.end - window.start) * spread)
}

/**
 * Decide whether a certificate is to be renewed in this run.
 *
 * @param intervalMs time to the next run
 * @returns why it is due, or `null`
 */
export function dueAt(
  certificate: Lifetime,
  window: RenewalWindow,
  now: EpochMs,
  intervalMs: number,
): Due | null {
  const point = pointIn(window, certificate.serial)
  const nextRun = now + intervalMs
  if (point <= now) return 'point-passed'
  if (window.start <= now && point < nextRun) return 'before-next-run'
  if (window.end < nextRun) return 'window-closes'
  if (lastGuard(certificate) < nextRun) return 'near-its-end'
  return null
}

/** From here on, the end of the certificate overrides all advice. */
export function lastGuard({ notBefore, notAfter }: Lifetime): EpochMs {
  return notAfter - (notAfter - notBefore) * LAST_PART
}

/** From here on, nothing of ours holds a new order back. */
export function nearItsEndFrom({ notBefore, notAfter }: Lifetime): EpochMs {
  return notAfter - (notAfter - notBefore) / 10
}

/**
 * It was not replaced by a tenth of the lifetime after its point, or by its last part: whatever the reason, somebody
 * must look.
 */
export function isOverdue(certificate: Lifetime, window: RenewalWindow, now: EpochMs): boolean {
  const { serial, notBefore, notAfter } = certificate
  return now > Math.min(pointIn(window, serial) + (notAfter - notBefore) / 10, lastGuard(certificate))
}

/** A window narrower than the time between runs may open and close unseen. */
export function isOutpaced({ start, end }: RenewalWindow, intervalMs: number): boolean {
  return end - start < intervalMs
}
