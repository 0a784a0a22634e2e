/** A trial with a zone and a load balancer, and what most cases ask of it. */
import type { Settings } from '../../lambda/domain/defaults.ts'
import { DAY_MS, HOUR_MS } from '../../lambda/domain/instant.ts'
import type { CertificateData } from '../../lambda/state/items.ts'
import { ServiceError } from '../sandbox/aws/service.ts'
import type { IssuedCertificate } from '../sandbox/ca/renewals.ts'
import type { TlsListener } from '../sandbox/listener.ts'
import type { SandboxOptions } from '../sandbox/sandbox.ts'
import { type Ran, startTrial, TABLE, type Trial } from './trial.ts'

export const HOST = 'www.example.com'

export const ATTACH = 'elasticloadbalancing:SetLoadBalancerListenerSSLCertificate'
export const UPLOAD = 'iam:UploadServerCertificate'
export const CHANGE = 'route53:ChangeResourceRecordSets'

export interface Quick extends Trial {
  /** A load balancer whose bought certificate ends in so many days. */
  balancer(name: string, hosts: readonly string[], days?: number): Promise<void>
  /** The next run comes after `ms`, which is also what is between runs. */
  later(ms?: number, invocation?: object): Promise<Ran>
  /** As it is in the table. */
  stateOf(certId: string): Promise<CertificateData>
  /** Lose all that is remembered. */
  forget(): Promise<void>
  newest(): IssuedCertificate
  /** Requests to the CA by their path's first word, so far. */
  requests(kind: string): number
  /** How many certificates the CA has issued so far. */
  issued(): number
  listener(name?: string): TlsListener
  /** The ARN of the certificate that is attached to a load balancer. */
  attached(name?: string): string | null | undefined
  /** Deny the nth call of an action, from 1, and all that follow when `onward`. */
  deny(action: string, nth: number, onward?: boolean): void
  /** Values at challenge names, in any zone. */
  challengeValues(): string[]
}

/** A trial in which nothing is waited for. */
export function startQuick(ca: SandboxOptions['ca'] = {}, settings: Partial<Settings> = {}): Promise<Quick> {
  return startWithBalancer({
    propagationMs: 0,
    spreadMs: 0,
    ca: { validationDelayMs: 0, finalizeDelayMs: 0, nonceRefusalShare: 0, ...ca },
    settings: { verifyTimeoutMs: 30_000, dnsSyncTimeoutMs: 10_000, acmePollTimeoutMs: 20_000, ...settings },
  })
}

export async function startWithBalancer(
  options: SandboxOptions & { settings?: Partial<Settings> },
): Promise<Quick> {
  const trial = await startTrial(undefined, options)
  const { sandbox } = trial
  sandbox.route53.addZone('example.com')
  const quick: Quick = {
    ...trial,
    async balancer(name, hosts, days = 9) {
      const arn = await sandbox.buy(`bought-for-${name}`, { hosts, endsInMs: days * DAY_MS })
      await sandbox.addLoadBalancer(name, 443, arn)
    },
    later(ms = HOUR_MS, invocation = {}) {
      sandbox.clock.advance(ms)
      return trial.run(invocation, ms)
    },
    async stateOf(certId) {
      const items = await sandbox.dynamodb.items(TABLE)
      return JSON.parse(String(items.get(`cert#${certId}`)?.['data'])) as CertificateData
    },
    async forget() {
      await sandbox.dynamodb.deleteTable(TABLE)
      await sandbox.dynamodb.addTable(TABLE)
    },
    newest() {
      const last = sandbox.ca.book.issued.at(-1)
      if (!last) throw new Error('nothing was issued')
      return last
    },
    requests: (kind) => sandbox.ca.requests.get(kind) ?? 0,
    issued: () => sandbox.ca.book.issued.length,
    listener: (name = 'web') => sandbox.listener(name, 443),
    attached: (name = 'web') => sandbox.elb.balancers.get(name)?.listeners[0]?.certificateArn,
    deny(action, nth, onward = false) {
      const error = new ServiceError('AccessDenied', `not authorized to perform: ${action}`, 403)
      sandbox.aws.intercept((call) =>
        call.action === action && (call.count === nth || (onward && call.count > nth)) ? error : null,
      )
    },
    challengeValues: () =>
      sandbox.route53
        .zones()
        .flatMap(({ id }) => sandbox.route53.records(id))
        .filter(({ name, type }) => type === 'TXT' && name.startsWith('_acme-challenge'))
        .flatMap(({ values }) => values),
  }
  await quick.balancer('web', [HOST])
  return quick
}

export function entry(name: string, hosts: readonly string[] = [HOST], more: object = {}): object {
  return { name, hosts, key_type: 'ecdsa', elb: { name }, ...more }
}

export function isOurs(arn: string | null | undefined): boolean {
  return arn?.includes('/elb-cert-rotator/') ?? false
}
