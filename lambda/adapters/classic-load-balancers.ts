/** Classic load balancers. @see https://docs.aws.amazon.com/goto/WebAPI/elasticloadbalancing/SetLoadBalancerListenerSSLCertificate */
import {
  type ElasticLoadBalancingClient,
  type LoadBalancerDescription,
  paginateDescribeLoadBalancers,
  SetLoadBalancerListenerSSLCertificateCommand,
} from '@aws-sdk/client-elastic-load-balancing'
import { type AwsError, awsCall, isNamed } from '../aws-call.ts'
import { RotationError } from '../errors.ts'
import type { Target } from '../model.ts'
import { targetKey } from '../model.ts'
import type { LoadBalancer, LoadBalancers } from '../ports.ts'

export function classicLoadBalancers(client: ElasticLoadBalancingClient): LoadBalancers {
  return {
    async list() {
      const all: LoadBalancer[] = []
      await awsCall('elasticloadbalancing:DescribeLoadBalancers', 'all load balancers', async () => {
        for await (const page of paginateDescribeLoadBalancers({ client, pageSize: 400 }, {}))
          all.push(...(page.LoadBalancerDescriptions ?? []).map(toLoadBalancer))
      })
      return all
    },

    async attach(target, certificateArn) {
      const command = new SetLoadBalancerListenerSSLCertificateCommand({
        LoadBalancerName: target.loadBalancer,
        LoadBalancerPort: target.port,
        SSLCertificateId: certificateArn,
      })
      await awsCall(
        'elasticloadbalancing:SetLoadBalancerListenerSSLCertificate',
        targetKey(target),
        () => client.send(command),
        (error) => explain(error, target, certificateArn),
      )
    },
  }
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

function explain(error: AwsError, target: Target, arn: string): RotationError | null {
  const listener = targetKey(target)
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
