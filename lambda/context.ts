/** What every stage works with. */
import type { CaLimits } from './domain/ca-limits.ts'
import type { Settings } from './domain/defaults.ts'
import type { Ports } from './ports.ts'
import type { Memory } from './state/memory.ts'

export interface Context {
  readonly deployment: string
  readonly limits: CaLimits
  readonly ports: Ports
  /** What earlier runs left to know, and what this one leaves. */
  readonly memory: Memory
  readonly settings: Settings
}
