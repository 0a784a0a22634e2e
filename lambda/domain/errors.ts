/**
 * Every error that a user may see. The key is the code; `hint` is the way out; `retry` says whether trying again can
 * help: `next-run` (yes, in the next run), `backoff` (yes, but later), `never` (someone must change something).
 * `docs/errors.md` is generated from this table.
 */
export const ERRORS = {
  'usage/invalid': { retry: 'never', hint: 'see: elb-cert-rotator run --help' },
  'invocation/invalid': {
    retry: 'never',
    hint: 'send an object with any of "only" (list of names), "force" and "dryRun" (true or false)',
  },
  'invocation/unknown-name': { retry: 'never', hint: 'use the name of an entry of the configuration' },
  'config/unreadable': {
    retry: 'never',
    hint: 'give the path of a file that can be read; where the function says so, deploy again',
  },
  'config/syntax': { retry: 'never', hint: 'mend the JSON at the line and column named' },
  'config/invalid': {
    retry: 'never',
    hint: 'mend each line named; docs/config.schema.json describes every key',
  },
  'synth/invalid-prop': {
    retry: 'never',
    hint: 'give what is expected; docs/deployment.md tells of every prop, and of what -c takes',
  },
  'synth/not-built': { retry: 'never', hint: 'run npm run build' },
  'synth/too-many-names': {
    retry: 'never',
    hint: 'divide the certificates over two deployments, each with its own configuration file and stack',
  },
  'synth/duplicate-deployment': {
    retry: 'never',
    hint: 'give each a "deployment" of its own: certificates, account key and alarms are kept under that name',
  },
  'elb/load-balancer-not-found': {
    retry: 'never',
    hint: 'check the name and the region; the load balancer must be a classic one',
  },
  'elb/listener-not-found': {
    retry: 'never',
    hint: 'check the port; it must be the port of a listener that exists',
  },
  'elb/listener-not-tls': {
    retry: 'never',
    hint: 'make the listener HTTPS or SSL, with any certificate to start with',
  },
  'store/certificate-unreadable': {
    retry: 'next-run',
    hint: 'let this function reach the listener, or set "take_over": "now" to replace what is attached',
  },
  'store/quota-full': {
    retry: 'next-run',
    hint: 'delete unused server certificates in IAM, or ask AWS to raise the quota "Server certificates"',
  },
  'store/refused': { retry: 'next-run', hint: 'see what IAM answered' },
  'store/tag-refused': {
    retry: 'next-run',
    hint: 'allow iam:TagServerCertificate; the next run does not know of the rejection, and may attach it again',
  },
  'plan/staging-over-production': {
    retry: 'never',
    hint: 'clients do not trust a staging CA: name the production directory, or set "allow_staging": true in the entry if this is meant',
  },
  'dns/zone-not-found': {
    retry: 'never',
    hint: 'create the public hosted zone, or give its id under dns.zones',
  },
  'dns/zone-ambiguous': { retry: 'never', hint: 'say which one to use: give its id under dns.zones' },
  'dns/record-unsupported': {
    retry: 'never',
    hint: 'remove the record, or replace it by a plain TXT record without routing policy',
  },
  'dns/change-refused': { retry: 'next-run', hint: 'see what Route53 answered' },
  'dns/not-in-sync': { retry: 'next-run', hint: 'Route53 took too long; the next run tries again' },
  'dns/clean-up-failed': { retry: 'never', hint: 'remove the TXT values named by hand' },
  'account/unreadable': {
    retry: 'never',
    hint: 'restore the SSM parameter, or delete it to have a new account made with the CA',
  },
  'account/external-missing': {
    retry: 'never',
    hint: 'put the HMAC key that the CA gave into an SSM parameter (SecureString), and name it and its key id as acme.external_account',
  },
  'key/unreadable': {
    retry: 'next-run',
    hint: 'nothing to do: the order is given up for a new one; look who else writes under this path of SSM',
  },
  'state/absent': {
    retry: 'never',
    hint: 'deploy the stack again, which makes the table; without one nothing is resumed, and no two runs keep apart',
  },
  'state/item-unreadable': {
    retry: 'next-run',
    hint: 'nothing to do: the run goes on from what AWS shows, and writes the item anew when it has to',
  },
  'state/item-newer': {
    retry: 'never',
    hint: 'deploy the version that wrote it, or delete the item; until then it is left alone, and where it is the lease, no run acts',
  },
  'state/other-deployment': {
    retry: 'never',
    hint: 'delete the item: it came here by a copy; until then it is left alone, and where it is the lease, no run acts',
  },
  'state/from-the-future': {
    retry: 'next-run',
    hint: 'set the clock of this machine right; if it is right, delete the item named from the table',
  },
  'acme/unreachable': { retry: 'next-run', hint: "check acme.directory_url and the network's way to it" },
  'acme/tls-untrusted': {
    retry: 'never',
    hint: "give the CA's own root as acme.root_certificates (or NODE_EXTRA_CA_CERTS on the command line), and the name that its certificate is for as acme.directory_url",
  },
  'acme/unexpected-answer': { retry: 'next-run', hint: 'check that acme.directory_url is an ACME directory' },
  'acme/refused': { retry: 'backoff', hint: "act on the CA's own words" },
  'acme/rate-limited': {
    retry: 'backoff',
    hint: "wait until the time named, or act on the CA's own words: each earlier try is refused too",
  },
  'acme/account-paused': {
    retry: 'backoff',
    hint: "open the page that is named in the CA's own words, and lift the pause there; the next try goes on by itself",
  },
  'acme/account-refused': {
    retry: 'never',
    hint: "act on the CA's own words: often it wants acme.contact, or an account made outside of this tool",
  },
  'acme/profile-not-offered': { retry: 'never', hint: 'use a profile that the CA offers, or none' },
  'acme/no-dns-challenge': { retry: 'never', hint: 'use a CA that offers dns-01 for these hosts' },
  'acme/authorization-failed': {
    retry: 'backoff',
    hint: "act on the CA's own words: often a zone that is not delegated to Route53, or a CAA record",
  },
  'acme/order-failed': { retry: 'backoff', hint: "act on the CA's own words" },
  'acme/timed-out': { retry: 'next-run', hint: 'the CA was slow; the next run tries again' },
  'acme/certificate-unusable': {
    retry: 'backoff',
    hint: 'the CA delivered something else than what was ordered; ask the CA',
  },
  'attach/certificate-not-found': {
    retry: 'next-run',
    hint: 'a young one is attached by the next run; an older one is gone from IAM: force a new one',
  },
  'attach/refused': { retry: 'next-run', hint: 'see what Elastic Load Balancing answered' },
  'verify/not-served': {
    retry: 'next-run',
    hint: 'nothing was undone; look whether another tool sets this listener, and at the load balancer itself',
  },
  'verify/rejected': {
    retry: 'never',
    hint: 'look at the clients, ciphers and key type of this listener; then force a new certificate, or attach this one by hand',
  },
  'undo/failed': { retry: 'never', hint: 'put a certificate that works back by hand, now' },
  'aws/access-denied': { retry: 'never', hint: 'allow the action named, on the resource named' },
  'aws/credentials': { retry: 'never', hint: 'give valid AWS credentials to this process' },
  'aws/throttled': {
    retry: 'next-run',
    hint: 'find the client of this account that calls too often; the next run tries again',
  },
  'aws/unreachable': {
    retry: 'next-run',
    hint: "check the region and the network's way to AWS; a proxy that opens TLS needs NODE_EXTRA_CA_CERTS",
  },
  'aws/unavailable': { retry: 'next-run', hint: 'the service has trouble; the next run tries again' },
  'aws/refused': { retry: 'next-run', hint: 'see what the service answered' },
  'limits/asked-to-wait': {
    retry: 'next-run',
    hint: 'the first run after that time tries again; a forced run asks all the same',
  },
  'limits/backing-off': {
    retry: 'next-run',
    hint: 'act on what the last try said; then force a run for this entry, which does not wait',
  },
  'limits/ledger-full': {
    retry: 'next-run',
    hint: 'wait; find out what was issued so often; where the CA allows more than it does to others, say so under acme.limits',
  },
  'run/lease-lost': {
    retry: 'next-run',
    hint: 'another run took over because this one took too long; look at its log',
  },
  'run/out-of-time': {
    retry: 'next-run',
    hint: 'nothing to do: it goes first in the next run; where it is said often, give the function more time or divide the deployment',
  },
  'run/not-settled': {
    retry: 'next-run',
    hint: 'look whether another tool sets this listener, or removes what this one writes',
  },
  'run/failed': { retry: 'next-run', hint: 'see the errors of the certificates named' },
  'bug/unexpected': {
    retry: 'next-run',
    hint: 'this is a bug of elb-cert-rotator; please report it with this message',
  },
} as const satisfies Record<string, { retry: Retry; hint: string }>

export type Retry = 'next-run' | 'backoff' | 'never'
export type ErrorCode = keyof typeof ERRORS

/** Log fields of an error. MUST NOT contain private keys, PEM, tokens, key authorizations or account secrets. */
export type Facts = Readonly<Record<string, string | number | boolean | readonly string[]>>

/** How the CA refused a request (RFC 8555 §6.7). */
export interface CaRefusal {
  /** HTTP status. */
  readonly status: number
  /** Problem type without its prefix, as `rateLimited`. */
  readonly type: string
  /** What was asked. */
  readonly url: string
  /** `null` when the CA did not say. */
  readonly retryAfterMs: number | null
}

export interface ErrorOptions {
  readonly cause?: unknown
  readonly refusal?: CaRefusal
}

/**
 * The only error class of this product. Anything else that surfaces is a bug, and is reported as `bug/unexpected`.
 *
 * `message` is what went wrong, the value seen and what was looked for; lower case, no full stop. `facts` are for the
 * log only: what code decides by is a typed field.
 */
export class RotationError extends Error {
  override readonly name = 'RotationError'
  readonly code: ErrorCode
  readonly facts: Facts
  /** Set when the CA refused a request. */
  readonly refusal: CaRefusal | null

  constructor(code: ErrorCode, what: string, facts: Facts = {}, { cause, refusal }: ErrorOptions = {}) {
    super(withoutKeys(what), cause === undefined || !isWithoutKeys(cause) ? {} : { cause })
    this.code = code
    this.facts = facts
    this.refusal = refusal ?? null
  }

  get hint(): string {
    return ERRORS[this.code].hint
  }

  get retry(): Retry {
    return ERRORS[this.code].retry
  }

  /** Two lines for people: what happened, and the way out. */
  toText(): string {
    return `${this.message} (${this.code})\nhint: ${this.hint}`
  }
}

/** AWS and the CA may repeat what they were sent. */
function withoutKeys(words: string): string {
  return words.replace(/-----BEGIN[\s\S]*?(?:-----END[^-]*-----|$)/g, '(left out)')
}

function isWithoutKeys(cause: unknown): boolean {
  return !(cause instanceof Error) || !`${cause.message}${cause.stack}`.includes('-----BEGIN')
}

/** @returns `thrown` itself when it is one of ours; else a `bug/unexpected` that names it and keeps it as cause. */
export function asRotationError(thrown: unknown): RotationError {
  if (thrown instanceof RotationError) return thrown
  const what = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown)
  return new RotationError('bug/unexpected', `unexpected ${what}`, {}, { cause: thrown })
}

/** @returns `thrown` when it is one of ours; throws it again when it is not: a bug must surface. */
export function rotationErrorOrThrow(thrown: unknown): RotationError {
  if (thrown instanceof RotationError) return thrown
  throw thrown
}

/** An error as an event carries it. */
export function describeError(error: RotationError): {
  code: string
  message: string
  hint: string
  facts: Record<string, unknown>
} {
  return { code: error.code, message: error.message, hint: error.hint, facts: { ...error.facts } }
}

export function outOfTime(certId: string): RotationError {
  return new RotationError('run/out-of-time', `there was no time left for ${certId}`)
}
