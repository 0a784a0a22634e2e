/** What the function may do in Route53: CREATE and DELETE of TXT records at exact challenge names. Pure. */
import { challengeGroups } from '../lambda/domain/challenge-groups.ts'
import type { Config } from '../lambda/domain/config.ts'
import { closest } from '../lambda/domain/hosts.ts'
import { ANY_ONLY, chunks, type FunctionScope, PAGE, type Permission } from './permission.ts'

const KEY = 'route53:ChangeResourceRecordSets'

/** @returns what may be read and written in Route53: only in the given zones, when all their ids are given */
export function dnsPermissions(config: Config, { partition }: FunctionScope): Permission[] {
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
      why: 'reads what others have written at a challenge name, so that it is kept',
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
        // ForAllValues is also true when the key is absent
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
      wide: { because: 'the id of a change is known only after it was made', page: PAGE.route53 },
    },
  ]
}

const ZONES_A_STATEMENT = 60

function wideZone(resources: readonly string[]): Pick<Permission, 'wide'> {
  if (!resources.some((resource) => resource.endsWith('/*'))) return {}
  return { wide: { because: 'no id is given under `dns.zones` for the zone of a host', page: PAGE.route53 } }
}

/** Their zones are found by name, in the list that `route53:ListHostedZones` returns. */
export function hostsWithoutZone({ certificates, zones }: Config): string[] {
  const hosts = certificates.flatMap((certificate) => certificate.hosts)
  return [...new Set(hosts)].filter((host) => closest(host, zones).length === 0).sort()
}
