/**
 * What the claims are worth: each of these faults, put into a copy of the source, is caught by the claim that is named.
 * The stories are told with a death or an overtaking at each call in turn.
 */
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { type Listener, loadProduct, type Product, type Step, type Story, tell } from './claims.ts'

const SOURCE = new URL('../../lambda/', import.meta.url)
/** In the tree, so that the copies find their libraries. */
const COPIES = new URL('../../.cache/seeded/', import.meta.url)

interface Seed {
  readonly fault: string
  readonly file: string
  readonly from: string
  readonly to: string
  /** A second place, where one is not enough. */
  readonly also?: readonly [from: string, to: string]
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
    file: 'plan/placement.ts',
    from: 'if (attached.arn !== stored.arn) {',
    to: 'if (stored) {',
    caughtBy: 'settles',
    as: /^attach entry-0/,
    listener: HAS_OURS,
  },
  {
    fault: 'a foreign certificate for other hosts is taken for a good one',
    file: 'plan/checks.ts',
    from: '!covers(current.leaf.hosts, desired.hosts)',
    to: 'desired.hosts.length === 0',
    caughtBy: 'reaches',
    as: /nothing right/,
    listener: { has: 'foreign for other hosts', ageDays: 10 },
  },
  {
    fault: 'the plan is made in the order of the configuration',
    file: 'plan/plan.ts',
    from: 'decided.sort(',
    to: 'decided.slice().sort(',
    caughtBy: 'order',
    as: /entry-1/,
    listener: { ageDays: 95 },
  },
  {
    fault: 'the lease is not looked at before a write',
    file: 'state/guard.ts',
    from: '      await lease.check()\n',
    to: '',
    caughtBy: 'sins',
    as: /does not hold the lease/,
    listener: { ageDays: 95 },
  },
  {
    fault: 'the key is not saved before the CA signs',
    file: 'issue/finalize.ts',
    from: 'return memory.isKept(certId) && order ? keys.save(order.keyParameter, key) : key',
    to: 'void [memory, order, keys]; return key',
    caughtBy: 'sins',
    as: /issued and lost/,
    listener: { ageDays: 95 },
  },
  {
    fault: 'the predecessor is deleted before the new one was seen working',
    file: 'plan/prune.ts',
    from: 'const force = inForce(desired, ours, state)',
    to: 'const force = ours[0] ? { stored: ours[0], since: 0 } : inForce(desired, ours, state)',
    also: ["if (!wasRejected && stored === rollback) return stays('kept for rollback')", 'void rollback'],
    caughtBy: 'sins',
    as: /deleted before its successor worked/,
    listener: { ...HAS_OURS, temper: 'breaks' },
  },
  {
    fault: 'a value that somebody else has written is dropped',
    file: 'issue/values.ts',
    from: '...there, ...ours.filter',
    to: '...ours.filter',
    caughtBy: 'sins',
    as: /a foreign value was dropped/,
    listener: { ageDays: 95 },
  },
  {
    fault: 'a listener that still serves the old one is taken for broken',
    file: 'verify/judge.ts',
    from: 'known.has(answer.leaf.serial) || ',
    to: '',
    caughtBy: 'sins',
    as: /works, and was put back/,
    listener: { ...HAS_OURS, temper: 'late' },
  },
  {
    fault: 'what broke a listener stays there',
    file: 'undo/undo.ts',
    from: '    await world.loadBalancers.attach(before.target, previous)\n',
    to: '',
    caughtBy: 'reaches',
    as: /left broken/,
    listener: { ...HAS_OURS, temper: 'breaks' },
  },
  {
    fault: 'a run that died after the swap is forgotten',
    file: 'plan/placement.ts',
    from: 'if (ours && !forced && isMute(one, ours)) {',
    to: 'if (ours === null && forced && isMute(one, ours)) {',
    caughtBy: 'reaches',
    as: /left broken/,
    listener: { ...HAS_OURS, temper: 'breaks' },
  },
  {
    fault: 'nothing is ever deleted',
    file: 'plan/prune.ts',
    from: 'if (until > context.now) return',
    to: 'if (until > 0) return',
    caughtBy: 'sins',
    as: /more than two certificates/,
    listener: HAS_OURS,
    thenHours: 24 * 65,
  },
]

describe('a seeded fault is caught', () => {
  afterAll(() => rmSync(COPIES, { recursive: true, force: true }))

  it.each(SEEDS)(
    '$fault',
    async (seed) => {
      const faulty = await copyWith(seed)
      const sound = await loadProduct(SOURCE)
      for (const story of storiesOf(seed)) {
        if (!(await catches(faulty, seed, story))) continue
        expect(await catches(sound, seed, story), 'the sound one is not blamed for it').toBe(false)
        return
      }
      expect.unreachable(`nothing caught: ${seed.fault}`)
    },
    60_000,
  )
})

async function copyWith({ fault, file, from, to, also }: Seed): Promise<Product> {
  const folder = new URL(`${fault.replaceAll(' ', '-')}/`, COPIES)
  mkdirSync(folder, { recursive: true })
  cpSync(fileURLToPath(SOURCE), fileURLToPath(folder), { recursive: true })
  const path = new URL(file, folder)
  let text = readFileSync(path, 'utf8')
  for (const [place, fault] of [[from, to] as const, ...(also ? [also] : [])]) {
    expect(text.split(place).length, `${file} has the seeded place, once`).toBe(2)
    text = text.replace(place, fault)
  }
  writeFileSync(path, text)
  return loadProduct(folder)
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
