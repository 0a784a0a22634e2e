/**
 * From a configuration to what the function may do: these statements and nothing else. Pure. `docs/permissions.md` is
 * generated from them.
 */
import { challengeGroups } from '../lambda/config/challenge-groups.ts'
import { closest } from '../lambda/config/hosts.ts'
import type { Config } from '../lambda/config/parse.ts'
import { accountParameter, storePath } from '../lambda/names.ts'

/** Where the function runs; each may be a token. */
export interface Place {
  readonly partition: string
  readonly region: string
  readonly account: string
  readonly deployment: string
  readonly logGroupArn: string
}

export interface Permission {
  /** Says what it is for; unique in the whole. */
  readonly sid: string
  readonly actions: readonly string[]
  readonly resources: readonly string[]
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
  readonly why: string
  /** Where a `*` is left: why there is nothing narrower, and the page that says so. */
  readonly wide?: { readonly because: string; readonly page: string }
}

/** Actions of a service, and the types of resource that each knows. */
const PAGE = {
  elb: 'https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancing.html',
  iam: 'https://docs.amazonaws.cn/service-authorization/latest/reference/list_iam.html',
  route53: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/list_amazonroute53.html',
}
const ANY_ONLY = 'the action knows no resource'

/** A managed policy of 6,144 characters holds this many names of load balancers in any case. */
export const BALANCERS_A_STATEMENT = 40

export function permissionsOf(config: Config, place: Place): Permission[] {
  return [
    ...loadBalancers(config, place),
    ...store(place),
    ...zones(config, place),
    ...account(config, place),
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
      actions: ['iam:UploadServerCertificate', 'iam:TagServerCertificate'],
      resources: [`${certificates}${storePath(region, deployment)}*`],
      why: "stores new certificates under the deployment's own path, with their specification as tags",
    },
  ]
}

const KEY = 'route53:ChangeResourceRecordSets'

function zones(config: Config, { partition }: Place): Permission[] {
  const zone = (id: string) => `arn:${partition}:route53:::hostedzone/${id}`
  const groups = challengeGroups(config).map(({ zoneIds, names }, at) => ({
    number: at + 1,
    names,
    resources: zoneIds.length === 0 ? [zone('*')] : zoneIds.map(zone),
  }))
  const read = [...new Set(groups.flatMap(({ resources }) => resources))]
  return [
    ...(hostsWithoutZone(config).length === 0
      ? []
      : [
          {
            sid: 'ListZones',
            actions: ['route53:ListHostedZones'],
            resources: ['*'],
            why: 'finds the hosted zone of hosts for which the configuration gives no zone id',
            wide: { because: ANY_ONLY, page: PAGE.route53 },
          },
        ]),
    ...chunks(read.includes(zone('*')) ? [zone('*')] : read, ZONES_A_STATEMENT).map((resources, at) => ({
      sid: `ReadRecords${at + 1}`,
      actions: ['route53:ListResourceRecordSets'],
      resources,
      why: 'reads what others have written at a challenge name, to keep it',
      ...wideZone(resources),
    })),
    ...groups.map(({ number, names, resources }) => ({
      sid: `WriteChallenges${number}`,
      actions: [KEY],
      resources,
      conditions: {
        'ForAllValues:StringEquals': {
          [`${KEY}NormalizedRecordNames`]: names,
          [`${KEY}RecordTypes`]: ['TXT'],
          [`${KEY}Actions`]: ['CREATE', 'DELETE'],
        },
        // ForAllValues is also true of a key that is not there
        Null: {
          [`${KEY}NormalizedRecordNames`]: 'false',
          [`${KEY}RecordTypes`]: 'false',
          [`${KEY}Actions`]: 'false',
        },
      },
      why: 'writes and removes TXT records at exactly these challenge names',
      ...wideZone(resources),
    })),
    {
      sid: 'AwaitChanges',
      actions: ['route53:GetChange'],
      resources: [`arn:${partition}:route53:::change/*`],
      why: 'waits until a change is on all name servers',
      wide: { because: 'the id of a change is known only once it is made', page: PAGE.route53 },
    },
  ]
}

const ZONES_A_STATEMENT = 60

function wideZone(resources: readonly string[]): Pick<Permission, 'wide'> {
  if (!resources.some((resource) => resource.endsWith('/*'))) return {}
  return { wide: { because: 'no id is given under `dns.zones` for the zone of a host', page: PAGE.route53 } }
}

/** Their zone is looked for by name, in a list that only `route53:ListHostedZones` gives. */
export function hostsWithoutZone({ certificates, zones }: Config): string[] {
  const hosts = certificates.flatMap((certificate) => certificate.hosts)
  return [...new Set(hosts)].filter((host) => closest(host, zones).length === 0).sort()
}

function account(
  config: Config,
  { partition, region, account: owner, deployment }: Place,
): [Permission, Permission] {
  const name = accountParameter(deployment, config.directoryUrl)
  const resources = [`arn:${partition}:ssm:${region}:${owner}:parameter${name}`]
  return [
    {
      sid: 'ReadAccount',
      actions: ['ssm:GetParameter'],
      resources,
      why: 'reads the key of the account with the CA',
    },
    {
      sid: 'KeepAccount',
      actions: ['ssm:PutParameter'],
      resources,
      conditions: { StringNotEquals: { 'ssm:Overwrite': 'true' } },
      why: "keeps that key, encrypted with the account's own default key, and never writes over one that is there",
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

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  )
}
