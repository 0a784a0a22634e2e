/** Every bound and interval of the function in one place, with its reason. Tests pass others as arguments. */
export const DEFAULTS = {
  deployment: 'elb-cert-rotator',
  directoryUrl: 'https://acme-v02.api.letsencrypt.org/directory',
  /** A settled world needs two passes: one that acts, one that sees nothing left. */
  maxPasses: 3,
  /** One listener or certificate each; the accounts of AWS and the CA allow far more, Lambda's CPU does not. */
  concurrency: 4,

  /** A low TTL spares the next run a resolver's old answer. */
  challengeTtlSeconds: 10,
  /** A challenge name that others change at the same time is read and tried again this often. */
  dnsChangeAttempts: 5,
  /** Route53 says "generally within 60 seconds". */
  dnsSyncTimeoutMs: 300_000,
  dnsSyncIntervalMs: 2_000,

  /** One HTTP request to the CA. */
  acmeRequestTimeoutMs: 30_000,
  /** Tries of one request that met a network failure, a 5xx or a short Retry-After. */
  acmeAttempts: 4,
  acmeRetryBaseMs: 1_000,
  /** A CA that asks for a longer wait than this is obeyed by giving up for this run. */
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

  /** Two runs of one deployment keep apart by it; a run that lives longer takes it again. */
  leaseMs: 600_000,
  /** Clocks of two machines differ; what was written further ahead of ours than this was not written now. */
  clockSkewMs: 300_000,
  /** Hosts of the certificates that go through the stages together: about two minutes with a real CA. */
  waveHosts: 250,
  /** A wave is begun while there is this much time left for it. */
  waveMs: 240_000,
  /** Kept back at the end of the time for clean-up and report. */
  reserveMs: 45_000,

  /** A call that hangs every time costs less than what is kept back at the end. */
  awsAttempts: 4,
  awsConnectTimeoutMs: 5_000,
  awsRequestTimeoutMs: 10_000,

  intervalMs: 86_400_000,
} as const

/** The same keys with any numbers: what a caller may shorten. */
export type Settings = {
  readonly [K in keyof typeof DEFAULTS]: (typeof DEFAULTS)[K] extends number ? number : string
}
