/** Proving hosts by dns-01: TXT records in hosted zones. @see RFC 8555 §8.4 */
import type { Config } from '../../domain/config.ts'
import type { Settings } from '../../domain/defaults.ts'
import type { ErrorCode } from '../../domain/errors.ts'
import { challengeName, recordKey } from '../../domain/names.ts'
import type { NotedValues } from '../../domain/remembered.ts'
import { RotationError, rotationErrorOrThrow } from '../../domain/rotation-error.ts'
import type { HostProof, LeftOver, MayWrite, Time } from '../../ports.ts'
import { type NotCleaned, type Published, publish, remove, waitInSync } from './challenges.ts'
import type { HostedZones } from './hosted-zones.ts'
import { asWritten, batchKey, toNote } from './values.ts'
import { zoneFinder } from './zones.ts'

export interface Dns01Options {
  readonly zones: HostedZones
  readonly config: Pick<Config, 'zones' | 'certificates'>
  readonly time: Time
  readonly settings: Settings
}

export function dns01Proof({ zones, config, time, settings }: Dns01Options): HostProof {
  const findZone = zoneFinder(zones, config)
  const withGuard = (mayWrite: MayWrite = async () => undefined) => ({
    zones: guarded(zones, mayWrite),
    time,
    settings,
  })

  return {
    challengeType: 'dns-01',
    locate: async (host) => ({ zone: await findZone(host), name: challengeName(host) }),
    toNote,
    publish: (values, mayWrite) => publish(values, withGuard(mayWrite)),

    async awaitVisible(publication) {
      const { written, changes } = publication as Published
      const late = await waitInSync(changes, { zones, time, settings })
      return new Map(
        written.flatMap(({ zone, name }): [string, RotationError][] => {
          const error = late.get(batchKey(zone))
          return error ? [[recordKey({ zone, name }), error]] : []
        }),
      )
    },

    async cleanUp(publication, mayWrite) {
      const { written } = publication as Published
      return (await remove(written, withGuard(mayWrite))).map(toLeftOver)
    },

    async cleanUpNoted(noted, mayWrite) {
      const written = noted.map((one) => asWritten(one, settings))
      const left = (await remove(written, withGuard(mayWrite))).map(toLeftOver)
      const stillThere: LeftOver[] = []
      for (const one of left) {
        const names = one.isOutOfReach ? await namesThatMayHoldValues(one.names, noted) : one.names
        if (names.length > 0) stillThere.push({ ...one, names })
      }
      return stillThere
    },
  }

  /** A denied change says nothing about what is there; and in a zone that no longer exists there is nothing. */
  async function namesThatMayHoldValues(
    names: readonly string[],
    noted: readonly NotedValues[],
  ): Promise<string[]> {
    const kept: string[] = []
    for (const name of names) {
      const here = noted.filter((one) => one.name === name)
      if (await mayHoldValues(here)) kept.push(name)
    }
    return kept
  }

  async function mayHoldValues(here: readonly NotedValues[]): Promise<boolean> {
    const [first] = here
    if (!first) return false
    try {
      const { txt } = await zones.read(first.zone, first.name)
      return here.some(({ ours }) => ours.some((value) => txt?.values.includes(value)))
    } catch (thrown) {
      return rotationErrorOrThrow(thrown).code !== 'dns/zone-not-found'
    }
  }
}

function guarded(zones: HostedZones, mayWrite: MayWrite): HostedZones {
  return {
    ...zones,
    async change(...change) {
      await mayWrite()
      return zones.change(...change)
    },
  }
}

const OUT_OF_REACH: readonly ErrorCode[] = ['aws/access-denied', 'dns/zone-not-found']

function toLeftOver({ zone, names, cause }: NotCleaned): LeftOver {
  const what = `challenge values are still at ${names.join(', ')} in ${zone.name} (${zone.id}): ${cause.message}`
  const error = new RotationError('dns/clean-up-failed', what, { zone: zone.id, names }, { cause })
  return { names, error, isOutOfReach: OUT_OF_REACH.includes(cause.code) }
}
