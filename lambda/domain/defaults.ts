import { DAY_MS } from './instant.ts'

/** Every bound and interval of the function, with its reason. Tests pass others as arguments. */
export const DEFAULTS = {
  deployment: 'elb-cert-rotator',
  directoryUrl: 'https://acme-v02.api.letsencrypt.org/directory',
  /** Two are enough when nothing interferes: one that acts, and one that finds nothing left to do. */
  maxPasses: 3,
  /** One listener or certificate each; the accounts of AWS and the CA allow far more, Lambda's CPU does not. */
  concurrency: 4,

  /** With a low TTL, the next run does not meet a resolver's old answer. */
  challengeTtlSeconds: 10,
  /** How often a change is tried at a challenge name that others change at the same time. */
  dnsChangeAttempts: 5,
  /** Route53 says "generally within 60 seconds". */
  dnsSyncTimeoutMs: 300_000,
  dnsSyncIntervalMs: 2_000,

  /** One HTTP request to the CA. */
  acmeRequestTimeoutMs: 30_000,
  /** Attempts of one request that met a network failure, a 5xx or a short Retry-After. */
  acmeAttempts: 4,
  acmeRetryBaseMs: 1_000,
  /** When a CA asks for a longer wait than this, the run gives up and leaves it to a later run. */
  acmeLongestWaitMs: 60_000,
  /** Twenty percent refused nonces (far more than Pebble's five) fail one request in ten million. */
  acmeNonceAttempts: 10,
  acmePollIntervalMs: 1_000,
  acmePollTimeoutMs: 180_000,

  /** IAM spreads a new certificate "up to a few minutes" (Terraform and others wait as long). */
  attachTimeoutMs: 300_000,
  attachIntervalMs: 3_000,
  verifyTimeoutMs: 300_000,
  verifyIntervalMs: 5_000,
  /** Between the two probes that must agree that a listener is broken. */
  brokenRecheckMs: 5_000,
  /** A closed security group drops packets: then this is what one probe costs. */
  probeTimeoutMs: 4_000,

  /** Keeps two runs of one deployment apart; a run that takes longer renews it. */
  leaseMs: 600_000,
  /** Clocks of two machines differ by less than this: an item dated further ahead means that a clock is wrong. */
  clockSkewMs: 300_000,
  /** Hosts of the certificates that go through the stages together: about two minutes with a real CA. */
  waveHosts: 250,
  /** A wave begins only while this much time is left. */
  waveMs: 240_000,
  /** Reserved at the end for clean-up and report. */
  reserveMs: 45_000,

  /** A call that hangs on every attempt takes less than the time reserved at the end. */
  awsAttempts: 4,
  awsConnectTimeoutMs: 5_000,
  awsRequestTimeoutMs: 10_000,

  /** On the command line, without --interval. */
  intervalMs: DAY_MS,
} as const

/** The same keys with any numbers, so that a caller may pass shorter ones. */
export type Settings = {
  readonly [K in keyof typeof DEFAULTS]: (typeof DEFAULTS)[K] extends number ? number : string
}
