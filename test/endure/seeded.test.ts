/**
 * What the claims are worth: each of these faults, put into a copy of the source, is caught by the claim that is named.
 * A fault replaces one small exported function by another of the same type, so that a rename is found by the compiler.
 * The stories are told with a death or an overtaking at each call in turn.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import type * as values from '../../lambda/adapters/dns-01/values.ts'
import type * as hosts from '../../lambda/domain/hosts.ts'
import type * as undo from '../../lambda/install/undo.ts'
import type * as finalize from '../../lambda/issue/finalize.ts'
import type * as listenerRules from '../../lambda/plan/listener-rules.ts'
import type * as listenerState from '../../lambda/plan/listener-state.ts'
import type * as plan from '../../lambda/plan/plan.ts'
import type * as superseded from '../../lambda/plan/superseded.ts'
import type * as verdict from '../../lambda/plan/verdict.ts'
import type * as guard from '../../lambda/state/guard.ts'
import { type Listener, loadProduct, type Product, type Step, type Story, tell } from './claims.ts'

const SOURCE = new URL('../../lambda/', import.meta.url)
/** In the tree, so that the copies find their libraries. */
const COPIES = new URL('../../.cache/seeded/', import.meta.url)

/** A function of the product, and what stands in its place: it is given the sound one, and knows nothing else. */
interface Replacement {
  readonly file: string
  readonly name: string
  readonly by: (sound: never) => unknown
}

type Functions<M> = { [K in keyof M]: M[K] extends (...args: never[]) => unknown ? K : never }[keyof M]

/** The functions of one file, by type. */
function of<M>(file: string) {
  return <K extends Functions<M> & string>(name: K, by: (sound: M[K]) => M[K]): Replacement => {
    return { file, name, by }
  }
}

const inHosts = of<typeof hosts>('domain/hosts.ts')
const inValues = of<typeof values>('adapters/dns-01/values.ts')
const inUndo = of<typeof undo>('install/undo.ts')
const inFinalize = of<typeof finalize>('issue/finalize.ts')
const inListenerRules = of<typeof listenerRules>('plan/listener-rules.ts')
const inListenerState = of<typeof listenerState>('plan/listener-state.ts')
const inPlan = of<typeof plan>('plan/plan.ts')
const inSuperseded = of<typeof superseded>('plan/superseded.ts')
const inVerdict = of<typeof verdict>('plan/verdict.ts')
const inGuard = of<typeof guard>('state/guard.ts')

interface Seed {
  readonly fault: string
  readonly replaced: readonly Replacement[]
  readonly caughtBy: 'settles' | 'reaches' | 'sins' | 'order'
  readonly as: RegExp
  readonly listener: Partial<Listener>
  /** To the second run; a day when left out. */
  readonly thenHours?: number
}

const QUIET: Step = { afterHours: 24, death: null, change: null, overtaken: null }
const HAS_OURS = { has: 'ours', ageDays: 70 } as const

const SEEDS: readonly Seed[] = [
  {
    fault: 'a listener is swapped again and again',
    replaced: [inListenerRules('hasAttached', () => () => false)],
    caughtBy: 'settles',
    as: /^attach entry-0/,
    listener: HAS_OURS,
  },
  {
    fault: 'a foreign certificate for other hosts is taken for a good one',
    replaced: [inHosts('covers', () => () => true)],
    caughtBy: 'reaches',
    as: /nothing right/,
    listener: { has: 'foreign for other hosts', ageDays: 10 },
  },
  {
    fault: 'the plan is made in the order of the configuration',
    replaced: [inPlan('compareUrgency', () => () => 0)],
    caughtBy: 'order',
    as: /entry-1/,
    listener: { ageDays: 95 },
  },
  {
    fault: 'the lease is not checked before a write',
    replaced: [inGuard('afterCheck', () => (_, write) => write)],
    caughtBy: 'sins',
    as: /does not hold the lease/,
    listener: { ageDays: 95 },
  },
  {
    fault: 'the key is not saved before the CA signs',
    replaced: [inFinalize('saveKey', () => async (_, key) => key)],
    caughtBy: 'sins',
    as: /issued and lost/,
    listener: { ageDays: 95 },
  },
  {
    fault: 'the predecessor is deleted before the new one was seen working',
    replaced: [
      inSuperseded('lastSeenWorking', () => (_, ours) => (ours[0] ? { stored: ours[0], since: 0 } : null)),
      inSuperseded('rollbackAmong', () => () => undefined),
    ],
    caughtBy: 'sins',
    as: /deleted before its successor worked/,
    listener: { ...HAS_OURS, temper: 'breaks' },
  },
  {
    fault: 'a value that somebody else has written is dropped',
    replaced: [
      inValues('withValues', () => (set, name, ours, ttlSeconds) => {
        return { name, ttlSeconds: set?.ttlSeconds ?? ttlSeconds, values: [...ours] }
      }),
    ],
    caughtBy: 'sins',
    as: /a foreign value was dropped/,
    listener: { ageDays: 95 },
  },
  {
    fault: 'a listener that still serves the old one is taken for broken',
    replaced: [inVerdict('isKnown', () => (_, known) => known.size === 0)],
    caughtBy: 'sins',
    as: /works, and was put back/,
    listener: { ...HAS_OURS, temper: 'late' },
  },
  {
    fault: 'what broke a listener stays there',
    replaced: [inUndo('putBack', () => async () => null)],
    caughtBy: 'reaches',
    as: /left broken/,
    listener: { ...HAS_OURS, temper: 'breaks' },
  },
  {
    fault: 'a run that died after the swap is forgotten',
    replaced: [
      inListenerState('listenerState', (sound) => (...args) => {
        const state = sound(...args)
        return state === 'fell-silent' ? 'works-unseen' : state
      }),
    ],
    caughtBy: 'reaches',
    as: /left broken/,
    listener: { ...HAS_OURS, temper: 'breaks' },
  },
  {
    fault: 'nothing is ever deleted',
    replaced: [inSuperseded('isOver', () => () => false)],
    caughtBy: 'sins',
    as: /more than two certificates/,
    listener: HAS_OURS,
    thenHours: 24 * 65,
  },
]

describe('a seeded fault is caught', () => {
  afterAll(() => rmSync(COPIES, { recursive: true, force: true }))

  it.each(SEEDS)('$fault', async (seed) => {
    const faulty = await copyWith(seed)
    const sound = await loadProduct(SOURCE)
    for (const story of storiesOf(seed)) {
      if (!(await catches(faulty, seed, story))) continue
      expect(await catches(sound, seed, story), 'the sound one is not blamed for it').toBe(false)
      return
    }
    expect.unreachable(`nothing caught: ${seed.fault}`)
  })
})

async function copyWith({ fault, replaced }: Seed): Promise<Product> {
  const folder = new URL(`${fault.replaceAll(' ', '-')}/`, COPIES)
  mkdirSync(folder, { recursive: true })
  cpSync(fileURLToPath(SOURCE), fileURLToPath(folder), { recursive: true })
  for (const { file, name, by } of replaced) {
    const path = new URL(file, folder)
    writeFileSync(path, withFault(readFileSync(path, 'utf8'), name, by))
  }
  return loadProduct(folder)
}

/** The sound function gets another name, and one that is hoisted as it was takes its own. */
function withFault(text: string, name: string, by: Replacement['by']): string {
  const declared = new RegExp(`^export (async )?function ${name}\\b`, 'm')
  expect(text, `${name} is an exported function`).toMatch(declared)
  const renamed = text.replace(declared, `$1function sound_${name}`)
  return `${renamed}\nexport function ${name}(...args) { return (${by.toString()})(sound_${name})(...args) }\n`
}

async function catches(product: Product, { caughtBy, as }: Seed, story: Story): Promise<boolean> {
  const told = await tell(product, story)
  if (caughtBy !== 'order') return told[caughtBy].some((one) => as.test(one))
  return (await tell(product, story, true)).plans.join() !== told.plans.join()
}

/** Two entries with such a listener, quiet first, then with a death or an overtaking at each call. */
function* storiesOf({ listener, thenHours = 24 }: Seed): Generator<Story> {
  const entry = (host: string) => ({
    hosts: [host],
    keyType: 'ecdsa' as const,
    takeOver: 'when_due' as const,
    listeners: [{ temper: 'prompt' as const, has: 'foreign' as const, ageDays: 90, ...listener }],
  })
  const story = (first: Partial<Step>): Story => ({
    entries: [entry('a.example.com'), entry('b.example.com')],
    hasForeignValues: true,
    intervalHours: 24,
    steps: [
      { ...QUIET, ...first },
      { ...QUIET, afterHours: thenHours },
    ],
  })
  yield story({})
  for (let atCall = 1; atCall <= 60; atCall++) {
    yield story({ death: { atCall, before: true } })
    yield story({ overtaken: { atCall, minutes: 13 } })
  }
}
