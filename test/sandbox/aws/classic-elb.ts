/** Classic Elastic Load Balancing: describing, and setting a listener's certificate. What it models: ../README.md. */
import {
  ACCOUNT,
  type AwsRequest,
  type Call,
  queryAnswer,
  queryList,
  type Service,
  ServiceError,
  toXmlInstant,
  xmlError,
} from './service.ts'

const NAMESPACE = 'http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/'

export interface ElbListener {
  readonly port: number
  readonly protocol: string
  certificateArn: string | null
}

export interface ElbLoadBalancer {
  readonly name: string
  readonly dnsName: string
  readonly listeners: ElbListener[]
}

export interface ClassicElb {
  readonly service: Service
  readonly balancers: Map<string, ElbLoadBalancer>
  /** @returns the ARN of a load balancer that has the certificate attached */
  userOf(certificateArn: string): string | null
  snapshot(): object
}

/**
 * @param knows whether load balancers know a certificate by now
 * @param onAttach what stands behind the API: the listener that serves
 */
export function createClassicElb(options: {
  knows: (certificateArn: string) => boolean
  onAttach: (balancer: string, port: number, certificateArn: string) => void
}): ClassicElb {
  const balancers = new Map<string, ElbLoadBalancer>()

  function describe(form: URLSearchParams): object {
    const names = queryList(form, 'LoadBalancerNames').map(({ value = '' }) => value)
    const unknown = names.find((name) => !balancers.has(name))
    if (unknown !== undefined) throw notFound(unknown)
    const all = [...balancers.values()].filter(({ name }) => names.length === 0 || names.includes(name))
    const most = Number(form.get('PageSize') ?? 400)
    const begin = Number(form.get('Marker') ?? 0)
    const next = begin + most
    return {
      LoadBalancerDescriptions: { member: all.slice(begin, next).map(toXml) },
      ...(next < all.length ? { NextMarker: next } : {}),
    }
  }

  function setCertificate(form: URLSearchParams): object {
    const name = form.get('LoadBalancerName') ?? ''
    const port = Number(form.get('LoadBalancerPort'))
    const arn = form.get('SSLCertificateId') ?? ''
    const balancer = balancers.get(name)
    if (!balancer) throw notFound(name)
    const listener = balancer.listeners.find((one) => one.port === port)
    if (!listener)
      throw new ServiceError(
        'ListenerNotFound',
        `There is no listener on port ${port} for load balancer '${name}'`,
      )
    if (listener.certificateArn === null)
      throw new ServiceError(
        'InvalidConfigurationRequest',
        `Listener on port ${port} is not HTTPS or SSL`,
        409,
      )
    if (!options.knows(arn))
      throw new ServiceError('CertificateNotFound', `Server Certificate not found for the key: ${arn}`)
    listener.certificateArn = arn
    options.onAttach(name, port, arn)
    return {}
  }

  function map({ body, region }: AwsRequest): Call | null {
    const form = new URLSearchParams(body)
    const operation = form.get('Action') ?? ''
    const balancer = `arn:aws:elasticloadbalancing:${region}:${ACCOUNT}:loadbalancer/${form.get('LoadBalancerName') ?? ''}`
    const run = { DescribeLoadBalancers: describe, SetLoadBalancerListenerSSLCertificate: setCertificate }[
      operation
    ]
    if (!run) return null
    return {
      action: `elasticloadbalancing:${operation}`,
      resources: [operation === 'DescribeLoadBalancers' ? '*' : balancer],
      run: () => queryAnswer(operation, NAMESPACE, run(form)),
    }
  }

  return {
    service: { scope: 'elasticloadbalancing', map, error: xmlError },
    balancers,
    userOf(arn) {
      for (const { name, listeners } of balancers.values())
        if (listeners.some(({ certificateArn }) => certificateArn === arn))
          return `arn:aws:elasticloadbalancing:us-east-1:${ACCOUNT}:loadbalancer/${name}`
      return null
    },
    snapshot: () =>
      [...balancers.values()].map(({ name, listeners }) => ({ name, listeners: structuredClone(listeners) })),
  }
}

function notFound(name: string): ServiceError {
  return new ServiceError('LoadBalancerNotFound', `There is no ACTIVE Load Balancer named '${name}'`)
}

function toXml({ name, dnsName, listeners }: ElbLoadBalancer): object {
  return {
    LoadBalancerName: name,
    DNSName: dnsName,
    ListenerDescriptions: {
      member: listeners.map(({ port, protocol, certificateArn }) => ({
        Listener: {
          Protocol: protocol,
          LoadBalancerPort: port,
          InstanceProtocol: 'HTTP',
          InstancePort: 80,
          ...(certificateArn === null ? {} : { SSLCertificateId: certificateArn }),
        },
        PolicyNames: { member: [] },
      })),
    },
    Scheme: 'internet-facing',
    CreatedTime: toXmlInstant(0),
  }
}
