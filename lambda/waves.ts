/** Certificates that go through the stages together. Pure. */
import type { Action } from './plan/plan.ts'

/**
 * Divide a plan: a wave holds whole certificates, in the plan's order, with at most so many hosts (one certificate may
 * have more).
 *
 * @param hostsOf how many hosts a certificate has
 */
export function waves(
  actions: readonly Action[],
  hostsOf: (certId: string) => number,
  mostHosts: number,
): readonly (readonly Action[])[] {
  const all: Action[][] = []
  let hosts = 0
  for (const certId of new Set(actions.map((action) => action.certId))) {
    const own = actions.filter((action) => action.certId === certId)
    const more = hostsOf(certId)
    if (all.length === 0 || hosts + more > mostHosts) {
      all.push([])
      hosts = 0
    }
    all.at(-1)?.push(...own)
    hosts += more
  }
  return all
}
