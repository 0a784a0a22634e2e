/** Hosted zones in Route53. */
import {
  type Change,
  ChangeResourceRecordSetsCommand,
  GetChangeCommand,
  ListResourceRecordSetsCommand,
  paginateListHostedZones,
  type ResourceRecordSet,
  type Route53Client,
} from '@aws-sdk/client-route-53'
import type { HostedZone } from '../../domain/model.ts'
import { RotationError } from '../../domain/rotation-error.ts'
import { type AwsError, awsCall, isNamed } from '../aws-call.ts'
import type { HostedZones, ListedZone, NameFacts, TxtRecordSet } from './hosted-zones.ts'

export function route53Zones(client: Route53Client): HostedZones {
  return {
    async list() {
      const all: ListedZone[] = []
      await awsCall('route53:ListHostedZones', 'all hosted zones', async () => {
        for await (const page of paginateListHostedZones({ client, pageSize: 100 }, {}))
          for (const zone of page.HostedZones ?? [])
            all.push({
              id: (zone.Id ?? '').replace('/hostedzone/', ''),
              name: plainName(zone.Name),
              isPrivate: zone.Config?.PrivateZone ?? false,
            })
      })
      return all
    },

    async read(zone, name) {
      const sets: ResourceRecordSet[] = []
      // the listing starts at the name and continues past it; a name has few types
      const command = new ListResourceRecordSetsCommand({
        HostedZoneId: zone.id,
        StartRecordName: name,
        MaxItems: 100,
      })
      const page = await awsCall(
        'route53:ListResourceRecordSets',
        zone.id,
        () => client.send(command),
        noZone(zone),
      )
      for (const set of page.ResourceRecordSets ?? []) if (plainName(set.Name) === name) sets.push(set)
      return toFacts(name, sets)
    },

    async change(zone, remove, create) {
      const changes: Change[] = [
        ...remove.map((set): Change => ({ Action: 'DELETE', ResourceRecordSet: toWire(set) })),
        ...create.map((set): Change => ({ Action: 'CREATE', ResourceRecordSet: toWire(set) })),
      ]
      const command = new ChangeResourceRecordSetsCommand({
        HostedZoneId: zone.id,
        ChangeBatch: { Changes: changes },
      })
      const call = async () => {
        try {
          const answer = await client.send(command)
          return { changeId: (answer.ChangeInfo?.Id ?? '').replace('/change/', '') }
        } catch (error) {
          if (error instanceof Error && isNamed(error, 'InvalidChangeBatch'))
            return { refused: error.message }
          throw error
        }
      }
      return awsCall('route53:ChangeResourceRecordSets', zone.id, call, noZone(zone))
    },

    async isInSync(changeId) {
      const answer = await awsCall('route53:GetChange', changeId, () =>
        client.send(new GetChangeCommand({ Id: changeId })),
      )
      return answer.ChangeInfo?.Status === 'INSYNC'
    },
  }
}

/** The configuration gives a wrong id, or the zone was deleted a moment ago. */
function noZone({ id, name }: HostedZone): (error: AwsError) => RotationError | null {
  return (error) =>
    isNamed(error, 'NoSuchHostedZone')
      ? new RotationError('dns/zone-not-found', `no hosted zone has the id ${id}, looked for it as ${name}`, {
          zone: id,
        })
      : null
}

function toFacts(name: string, sets: readonly ResourceRecordSet[]): NameFacts {
  const alias = sets.find(({ Type }) => Type === 'CNAME')
  if (alias) return { txt: null, obstacle: 'a CNAME record' }
  const txt = sets.filter(({ Type }) => Type === 'TXT')
  if (txt.some(({ SetIdentifier }) => SetIdentifier !== undefined))
    return { txt: null, obstacle: 'TXT records with a routing policy' }
  const [set] = txt
  if (!set) return { txt: null, obstacle: null }
  const values = (set.ResourceRecords ?? []).map(({ Value }) => Value ?? '')
  return { txt: { name, ttlSeconds: set.TTL ?? 0, values }, obstacle: null }
}

function toWire(set: TxtRecordSet): ResourceRecordSet {
  return {
    Name: set.name,
    Type: 'TXT',
    TTL: set.ttlSeconds,
    ResourceRecords: set.values.map((Value) => ({ Value })),
  }
}

function plainName(name: string | undefined): string {
  return (name ?? '').replace(/\.$/, '').toLowerCase()
}
