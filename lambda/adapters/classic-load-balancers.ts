/** Classic load balancers. @see https://docs.aws.amazon.com/goto/WebAPI/elasticloadbalancing/SetLoadBalancerListenerSSLCertificate */
import {
  type ElasticLoadBalancingClient,
  type LoadBalancerDescription,
  paginateDescribeLoadBalancers,
  SetLoadBalancerListenerSSLCertificateCommand,
} from '@aws-sdk/client-elastic-load-balancing'
import { RotationError } from '../domain/rotation-error.ts'
import type { ClassicListener } from '../domain/targets.ts'
import type { Endpoint, TargetAdapter } from '../ports.ts'
import { type AwsError, awsCall, isNamed } from './aws-call.ts'

export function classicLoadBalancers(client: ElasticLoadBalancingClient): TargetAdapter<ClassicListener> {
  return {
    async look() {
      const all: LoadBalancer[] = []
      await awsCall('elasticloadbalancing:DescribeLoadBalancers', 'all load balancers', async () => {
        for await (const page of paginateDescribeLoadBalancers({ client, pageSize: 400 }, {}))
          all.push(...(page.LoadBalancerDescriptions ?? []).map(toLoadBalancer))
      })
      return { find: (target) => find(target, all), users: usersIn(all) }
    },

    async attach(target, certificateArn) {
      const command = new SetLoadBalancerListenerSSLCertificateCommand({
        LoadBalancerName: target.loadBalancer,
        LoadBalancerPort: target.port,
        SSLCertificateId: certificateArn,
      })
      await awsCall(
        'elasticloadbalancing:SetLoadBalancerListenerSSLCertificate',
        target.key,
        () => client.send(command),
        (error) => explain(error, target, certificateArn),
      )
    },
  }
}

interface Listener {
  readonly port: number
  /** As the service says it: HTTPS, SSL, HTTP, TCP. */
  readonly protocol: string
  /** `null` when the listener has none. */
  readonly certificateArn: string | null
}

interface LoadBalancer {
  readonly name: string
  readonly dnsName: string
  readonly listeners: readonly Listener[]
}

function toLoadBalancer(described: LoadBalancerDescription): LoadBalancer {
  return {
    name: described.LoadBalancerName ?? '',
    dnsName: described.DNSName ?? '',
    listeners: (described.ListenerDescriptions ?? []).map(({ Listener }) => ({
      port: Listener?.LoadBalancerPort ?? 0,
      protocol: (Listener?.Protocol ?? '').toUpperCase(),
      certificateArn: Listener?.SSLCertificateId ?? null,
    })),
  }
}

function find(target: ClassicListener, all: readonly LoadBalancer[]): Endpoint | RotationError {
  const listener = target.key
  const balancer = all.find(({ name }) => name === target.loadBalancer)
  if (!balancer)
    return new RotationError(
      'elb/load-balancer-not-found',
      `no classic load balancer is named ${target.loadBalancer}, found ${listed(all.map(({ name }) => name))}`,
      { listener },
    )
  const found = balancer.listeners.find(({ port }) => port === target.port)
  if (!found)
    return new RotationError(
      'elb/listener-not-found',
      `${target.loadBalancer} has no listener on port ${target.port}, found ${listed(balancer.listeners.map(asText))}`,
      { listener },
    )
  if (!/^(HTTPS|SSL)$/.test(found.protocol) || found.certificateArn === null)
    return new RotationError(
      'elb/listener-not-tls',
      `${listener} is a listener for ${found.protocol}, looked for HTTPS or SSL with a certificate`,
      { listener, protocol: found.protocol },
    )
  return { dnsName: balancer.dnsName, port: target.port, certificateArn: found.certificateArn }
}

function usersIn(all: readonly LoadBalancer[]): ReadonlyMap<string, string> {
  return new Map(
    all.flatMap(({ name, listeners }) =>
      listeners.flatMap(({ port, certificateArn }): [string, string][] =>
        certificateArn === null ? [] : [[certificateArn, `${name}:${port}`]],
      ),
    ),
  )
}

function asText({ port, protocol }: Listener): string {
  return `${port} (${protocol})`
}

function listed(words: readonly string[]): string {
  return words.length === 0 ? 'none' : words.join(', ')
}

function explain(error: AwsError, target: ClassicListener, arn: string): RotationError | null {
  const listener = target.key
  const words = `${error.name}: ${error.message}`
  if (isNamed(error, 'CertificateNotFound'))
    return new RotationError(
      'attach/certificate-not-found',
      `the load balancer ${target.loadBalancer} does not know ${arn}: ${words}`,
      { listener, arn },
      { cause: error },
    )
  if (
    isNamed(
      error,
      'ListenerNotFound',
      'AccessPointNotFound',
      'InvalidConfigurationRequest',
      'UnsupportedProtocol',
    )
  )
    return new RotationError(
      'attach/refused',
      `${listener} refuses ${arn}: ${words}`,
      { listener, arn },
      { cause: error },
    )
  return null
}
