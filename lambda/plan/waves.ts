/** Certificates that go through the stages together. Pure. */
import { hostsHash } from '../domain/names.ts'
import type { Action } from './actions.ts'

interface Wave {
  readonly actions: Action[]
  /** By their hash: the sets of hosts that are ordered in it. */
  readonly sets: Set<string>
  hosts: number
}

/**
 * Divide a plan: a wave holds whole certificates with at most so many hosts (one certificate may have more), each in the
 * first wave that has room, in the plan's order. Two orders for the same hosts go into two waves: as long as the first is
 * not done, a CA may answer the second with it (Boulder does).
 */
export function waves(
  actions: readonly Action[],
  hostsOf: (certId: string) => readonly string[],
  mostHosts: number,
): readonly (readonly Action[])[] {
  const all: Wave[] = []
  for (const certId of new Set(actions.map((action) => action.certId))) {
    const own = actions.filter((action) => action.certId === certId)
    const hosts = hostsOf(certId)
    const set = own.some(({ kind }) => kind === 'issue') ? hostsHash(hosts) : null
    const fits = (wave: Wave) =>
      wave.hosts + hosts.length <= mostHosts && !(set !== null && wave.sets.has(set))
    const wave = all.find(fits) ?? begin(all)
    wave.actions.push(...own)
    wave.hosts += hosts.length
    if (set !== null) wave.sets.add(set)
  }
  return all.map((wave) => wave.actions)
}

function begin(all: Wave[]): Wave {
  const wave: Wave = { actions: [], sets: new Set(), hosts: 0 }
  all.push(wave)
  return wave
}
