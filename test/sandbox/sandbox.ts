/** A whole world on loopback: AWS, DNS, load balancers and a CA, on one clock. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DAY_MS } from '../../lambda/domain/instant.ts'
import { type ClassicElb, createClassicElb } from './aws/classic-elb.ts'
import { type DynamoDb, startDynamoDb } from './aws/dynamodb.ts'
import { type Endpoint, startEndpoint } from './aws/endpoint.ts'
import { createIam, type Iam } from './aws/iam.ts'
import { createRoute53, type Route53 } from './aws/route53.ts'
import { createSsm, type Ssm } from './aws/ssm.ts'
import { type Ca, startCa } from './ca/server.ts'
import { type Authority, makeAuthority, makeLeaf } from './certificates.ts'
import { type Clock, createClock } from './clock.ts'
import { type Dns, startDns } from './dns.ts'
import { startListener, type TlsListener } from './listener.ts'

export const REGION = 'us-east-1'

export interface SandboxOptions {
  readonly clock?: Clock
  /** From a Route53 change to INSYNC. */
  readonly propagationMs?: number
  /** From an upload to IAM until load balancers know the certificate. */
  readonly spreadMs?: number
  readonly certificateLimit?: number
  readonly ca?: Partial<Ca['options']>
}

export interface BoughtCertificate {
  readonly hosts: readonly string[]
  /** From now; may be negative. */
  readonly endsInMs: number
  /** A year when left out. */
  readonly lifetimeMs?: number
}

export interface Sandbox {
  readonly clock: Clock
  readonly aws: Endpoint
  readonly route53: Route53
  readonly iam: Iam
  readonly elb: ClassicElb
  readonly ssm: Ssm
  readonly dynamodb: DynamoDb
  readonly dns: Dns
  readonly ca: Ca
  /** PEM file with the root of the CA's own TLS. */
  readonly rootsFile: string
  /** What a process needs to find all this with unmodified clients. */
  readonly env: Readonly<Record<string, string>>
  /** Put a certificate that was bought elsewhere into IAM. @returns its ARN */
  buy(name: string, certificate: BoughtCertificate): Promise<string>
  /**
   * A load balancer with one HTTPS listener.
   * @param port 0 for a free one, which is then both the listener's and the one to connect to; a low one is
   *   served on a free high port
   */
  addLoadBalancer(name: string, port: number, certificateArn: string): Promise<TlsListener>
  /** A listener without TLS. */
  addPlainLoadBalancer(name: string, port: number): void
  listener(name: string, port: number): TlsListener
  /** Where a listener is really reached. */
  placeOf(dnsName: string, port: number): { host: string; port: number } | null
  /** Everything AWS would show, as plain data, to be compared. */
  snapshot(): object
  stop(): Promise<void>
}

const YEAR_MS = 365 * DAY_MS
const FIRST_UNPRIVILEGED_PORT = 1024

export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const clock = options.clock ?? createClock()
  const listeners = new Map<string, TlsListener>()
  const places = new Map<string, { host: string; port: number }>()
  const route53 = createRoute53(clock, { propagationMs: options.propagationMs ?? 1_000 })
  const iam: Iam = createIam(clock, {
    limit: options.certificateLimit ?? 20,
    spreadMs: options.spreadMs ?? 1_000,
    isInUse: (arn) => elb.userOf(arn),
  })
  const elb: ClassicElb = createClassicElb({
    knows: (arn) => iam.findForLoadBalancer(arn) !== null,
    onAttach(name, port, arn) {
      const certificate = iam.findForLoadBalancer(arn)
      if (certificate) listeners.get(`${name}:${port}`)?.attach(certificate)
    },
  })
  const ssm = createSsm()
  const dynamodb = await startDynamoDb()
  const services = [route53, iam, elb, ssm, dynamodb].map(({ service }) => service)
  const aws = await startEndpoint(services, clock)
  const dns = await startDns(route53)
  const ca = await startCa(dns.port, clock, options.ca ?? {})
  const paidCa: Authority = await makeAuthority('Paid CA')
  const folder = mkdtempSync(join(tmpdir(), 'elb-cert-rotator-sandbox-'))
  const rootsFile = join(folder, 'roots.pem')
  writeFileSync(rootsFile, ca.rootPem)

  return {
    clock,
    aws,
    route53,
    iam,
    elb,
    ssm,
    dynamodb,
    dns,
    ca,
    rootsFile,
    env: {
      AWS_ENDPOINT_URL: aws.url,
      AWS_REGION: REGION,
      AWS_DEFAULT_REGION: REGION,
      AWS_ACCESS_KEY_ID: 'AKIASANDBOX',
      AWS_SECRET_ACCESS_KEY: 'sandbox',
      NODE_EXTRA_CA_CERTS: rootsFile,
    },
    async buy(name, { hosts, endsInMs, lifetimeMs = YEAR_MS }) {
      const notAfter = Math.floor((clock.now() + endsInMs) / 1000) * 1000
      const { pem, privateKey } = await makeLeaf(paidCa, {
        hosts,
        notBefore: notAfter - lifetimeMs,
        notAfter,
      })
      return iam.add({ name, body: pem, chain: paidCa.pem, privateKey })
    },
    async addLoadBalancer(name, port, certificateArn) {
      const certificate = iam.findForLoadBalancer(certificateArn)
      if (!certificate) throw new Error(`the sandbox has no certificate ${certificateArn}`)
      const listener = await startListener(port < FIRST_UNPRIVILEGED_PORT ? 0 : port, certificate, clock)
      const shown = port === 0 ? listener.port : port
      const reachable = shown === listener.port
      const balancer = elb.balancers.get(name) ?? {
        name,
        dnsName: reachable ? '127.0.0.1' : `${name.toLowerCase()}-1.${REGION}.elb.sandbox.test`,
        listeners: [],
      }
      balancer.listeners.push({ port: shown, protocol: 'HTTPS', certificateArn })
      elb.balancers.set(name, balancer)
      listeners.set(`${name}:${shown}`, listener)
      places.set(`${balancer.dnsName}:${shown}`, { host: '127.0.0.1', port: listener.port })
      return listener
    },
    addPlainLoadBalancer(name, port) {
      const listeners = [{ port, protocol: 'HTTP', certificateArn: null }]
      elb.balancers.set(name, {
        name,
        dnsName: `${name.toLowerCase()}-1.${REGION}.elb.sandbox.test`,
        listeners,
      })
    },
    listener(name, port) {
      const found = listeners.get(`${name}:${port}`)
      if (!found) throw new Error(`the sandbox has no listener ${name}:${port}`)
      return found
    },
    placeOf: (dnsName, port) => places.get(`${dnsName}:${port}`) ?? null,
    snapshot: () =>
      structuredClone({
        zones: route53.snapshot(),
        certificates: iam.snapshot(),
        elb: elb.snapshot(),
        parameters: ssm.snapshot(),
      }),
    async stop() {
      await Promise.all([
        aws.stop(),
        dynamodb.stop(),
        dns.stop(),
        ca.stop(),
        ...[...listeners.values()].map((one) => one.stop()),
      ])
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
