/** Questions about one probe: what every address of a listener answered. Pure. */
import type { Leaf, Probe } from './model.ts'

/** @returns the leaf of each address that completed a handshake */
export function leavesOf(probe: Probe): Leaf[] {
  return probe.flatMap((answer) => ('leaf' in answer ? [answer.leaf] : []))
}

/** Whether every address answers, with this certificate and no other. */
export function isServedEverywhere(probe: Probe, serial: string): boolean {
  return probe.every((answer) => 'leaf' in answer && answer.leaf.serial === serial)
}

/** Whether no address answers. */
export function isSilent(probe: Probe): boolean {
  return probe.every((answer) => 'failure' in answer)
}

export function firstFailure(probe: Probe): string {
  for (const answer of probe) if ('failure' in answer) return `${answer.address}: ${answer.failure}`
  return 'no address answered'
}
