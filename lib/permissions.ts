/**
 * From a configuration to what the function may do: these statements and nothing else. Pure. `docs/permissions.md` is
 * generated from them.
 */
import type { Config } from '../lambda/config/parse.ts'
import { storePath } from '../lambda/names.ts'
import { dnsPermissions } from './dns-permissions.ts'
import { ANY_ONLY, chunks, PAGE, type Permission, type Place } from './permission.ts'
import { statePermissions } from './state-permissions.ts'

/** A managed policy of 6,144 characters holds this many names of load balancers in any case. */
export const BALANCERS_A_STATEMENT = 40

export function permissionsOf(config: Config, place: Place): Permission[] {
  return [
    ...loadBalancers(config, place),
    ...store(place),
    ...dnsPermissions(config, place),
    ...statePermissions(config, place),
    logs(place),
  ]
}

function loadBalancers({ certificates }: Config, { partition, region, account }: Place): Permission[] {
  const names = new Set(
    certificates.flatMap(({ targets }) => targets.map(({ loadBalancer }) => loadBalancer)),
  )
  const arns = [...names]
    .sort()
    .map((name) => `arn:${partition}:elasticloadbalancing:${region}:${account}:loadbalancer/${name}`)
  return [
    {
      sid: 'FindLoadBalancers',
      actions: ['elasticloadbalancing:DescribeLoadBalancers'],
      resources: ['*'],
      why: 'reads which certificate each listener has',
      wide: { because: ANY_ONLY, page: PAGE.elb },
    },
    ...chunks(arns, BALANCERS_A_STATEMENT).map((resources, at) => ({
      sid: `SwapCertificates${at + 1}`,
      actions: ['elasticloadbalancing:SetLoadBalancerListenerSSLCertificate'],
      resources,
      why: 'points a listener of the load balancers named in the configuration at a certificate',
    })),
  ]
}

function store({ partition, region, account, deployment }: Place): Permission[] {
  const certificates = `arn:${partition}:iam::${account}:server-certificate`
  return [
    {
      sid: 'ListCertificates',
      actions: ['iam:ListServerCertificates', 'iam:GetAccountSummary'],
      resources: ['*'],
      why: 'finds the certificates that are stored already, and how full the store is',
      wide: { because: ANY_ONLY, page: PAGE.iam },
    },
    {
      sid: 'ReadCertificates',
      actions: ['iam:GetServerCertificate'],
      resources: [`${certificates}/*`],
      why: 'reads the public part of what a listener has; IAM never gives out a private key',
      wide: { because: 'what a listener has may lie under any name, and changes', page: PAGE.iam },
    },
    {
      sid: 'StoreCertificates',
      actions: ['iam:UploadServerCertificate', 'iam:TagServerCertificate', 'iam:DeleteServerCertificate'],
      resources: [`${certificates}${storePath(region, deployment)}*`],
      why: "stores new certificates under the deployment's own path, with their specification as tags, and deletes what they superseded",
    },
  ]
}

function logs({ logGroupArn }: Place): Permission {
  return {
    sid: 'WriteLogs',
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [logGroupArn],
    why: "writes the function's own log group",
  }
}
