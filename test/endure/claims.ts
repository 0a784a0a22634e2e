/**
 * Random configurations, worlds, days and deaths against four claims: it settles, it reaches the goal, it is safe, and
 * the order of the input changes nothing. The product is an argument, so that a seeded fault can stand in its place.
 */
import type { Config } from '../../lambda/domain/config.ts'
import type { RotationEvent } from '../../lambda/domain/events.ts'
import { covers } from '../../lambda/domain/hosts.ts'
import { DAY_MS, HOUR_MS } from '../../lambda/domain/instant.ts'
import type { KeyType, Target } from '../../lambda/domain/model.ts'
import { idHash, parseStoredName, specificationHash, storedName } from '../../lambda/domain/names.ts'
import type { Item } from '../../lambda/domain/remembered.ts'
import type { RotationError } from '../../lambda/domain/rotation-error.ts'
import { classicListener } from '../../lambda/domain/targets.ts'
import { type Authority, makeAuthority } from '../sandbox/certificates.ts'
import { configOf } from '../support/configs.ts'
import { createToyWorld, type Death, FOREIGN_VALUE, type Temper, type ToyWorld } from './toy-world.ts'

const START = Date.parse('2026-11-26T03:00:00Z')

/** The function, as far as it is tried here; its source folder decides which. */
export interface Product {
  readonly run: typeof import('../../lambda/run/run.ts').run
  readonly settings: typeof import('../../lambda/domain/defaults.ts').DEFAULTS
  readonly dns01: typeof import('../../lambda/adapters/dns-01/proof.ts').dns01Proof
}

export async function loadProduct(folder: URL): Promise<Product> {
  const load = (file: string): Promise<unknown> => import(new URL(file, folder).href)
  const { run } = (await load('run/run.ts')) as typeof import('../../lambda/run/run.ts')
  const { DEFAULTS } = (await load('domain/defaults.ts')) as typeof import('../../lambda/domain/defaults.ts')
  const { dns01Proof } = (await load(
    'adapters/dns-01/proof.ts',
  )) as typeof import('../../lambda/adapters/dns-01/proof.ts')
  return { run, settings: DEFAULTS, dns01: dns01Proof }
}

export interface Listener {
  readonly temper: Temper
  /** What it has at the beginning. */
  readonly has: 'foreign' | 'foreign for other hosts' | 'ours'
  readonly ageDays: number
}

export interface Entry {
  readonly hosts: readonly string[]
  readonly keyType: KeyType
  readonly takeOver: 'when_due' | 'now'
  readonly listeners: readonly Listener[]
}

export interface Step {
  readonly afterHours: number
  readonly death: Death | null
  /** The entry, by number, whose key type changes before this run. */
  readonly change: number | null
  /** Before this call the run sleeps for so many minutes, and another one begins. */
  readonly overtaken: { readonly atCall: number; readonly minutes: number } | null
}

export interface Story {
  readonly entries: readonly Entry[]
  /** Somebody else has a value at each challenge name. */
  readonly hasForeignValues: boolean
  readonly intervalHours: number
  readonly steps: readonly Step[]
}

export interface Told {
  readonly settles: readonly string[]
  readonly reaches: readonly string[]
  readonly sins: readonly string[]
  /** The plans of all runs, one line an action. */
  readonly plans: readonly string[]
  readonly runs: number
  /** Of the runs, those that died or were overtaken. */
  readonly deaths: number
}

const authority: Authority = await makeAuthority('Toy CA')

/** @param isReversed the same, with everything listed the other way round */
export async function tell(product: Product, story: Story, isReversed = false): Promise<Told> {
  const world = createToyWorld(authority, START)
  const config = prepare(world, story)
  const plans: string[] = []
  const unserved: string[] = []
  const troubles: string[] = []
  let runs = 0
  let deaths = 0
  let current = config
  let error = null as RotationError | null

  for (const step of story.steps) {
    world.now += step.afterHours * HOUR_MS
    if (step.change !== null) current = withOtherKeyType(current, step.change)
    // one that breaks may be left so by a run that dies, until the next
    const before = goodListeners(current, world).filter(
      (name) => world.listeners.get(name)?.temper !== 'breaks',
    )
    await runOnce(false, step)
    unserved.push(...before.filter((name) => !goodListeners(current, world).includes(name)))
  }
  for (let day = 0; day < 4; day++) {
    world.now += 25 * HOUR_MS
    await runOnce(false, null)
    const isPeaceful = ![...world.listeners.values()].some(({ temper }) => temper === 'breaks')
    if (isPeaceful && day > 0 && error !== null)
      troubles.push(`a quiet run failed: ${error.code}, ${error.message}`)
  }
  const last = await runOnce(true, null)
  const peaceful = new Set(
    story.entries.flatMap(({ listeners }, at) =>
      listeners.some(({ temper }) => temper === 'breaks') ? [] : [`entry-${at}`],
    ),
  )
  const leftToDo = last
    .flatMap((event) => (event.event === 'plan.made' ? event.actions : []))
    .filter(({ certId }) => peaceful.has(certId))
  return {
    plans,
    runs,
    deaths,
    settles: leftToDo.map(({ kind, certId, detail }) => `${kind} ${certId}: ${detail}`),
    reaches: [
      ...goalMissed(current, world, peaceful),
      ...[...world.listeners.keys()]
        .filter((name) => isBroken(world, name))
        .map((name) => `${name} is left broken`),
    ],
    sins: [
      ...new Set([
        ...world.sins,
        ...unserved.map((name) => `${name} stopped to serve what it should`),
        ...troubles,
        ...leftBehind(world, story, plans, peaceful),
      ]),
    ],
  }

  async function runOnce(dryRun: boolean, step: Step | null): Promise<RotationEvent[]> {
    const events: RotationEvent[] = []
    const runId = `run-${++runs}`
    const meanwhile =
      step?.overtaken == null
        ? undefined
        : {
            atCall: step.overtaken.atCall,
            work: async () => {
              world.now += (step.overtaken?.minutes ?? 0) * 60_000
              await runOnce(false, null)
            },
          }
    const listed = isReversed ? reversedConfig(current) : current
    const emit = (event: RotationEvent) => void events.push(event)
    const own = { runId, config: listed, emit, dns01: product.dns01 }
    const given = world.ports(own, step?.death ?? null, meanwhile)
    const { ports } = given
    const report = await product.run(
      {
        runId,
        config: listed,
        warnings: [],
        invocation: { only: null, force: false, dryRun },
        deployment: 'toy',
        intervalMs: story.intervalHours * HOUR_MS,
        isTableExpected: true,
      },
      isReversed ? reversed(ports) : ports,
      { ...product.settings, verifyTimeoutMs: 60_000 },
    )
    const isDead = step?.death != null && given.calls() >= step.death.atCall
    if (isDead || (step?.overtaken && given.calls() >= step.overtaken.atCall)) deaths++
    error = report.error ?? report.outcomes.flatMap(({ errors }) => errors)[0] ?? null
    if (!isDead && error?.code === 'bug/unexpected') troubles.push(error.message)
    for (const event of events)
      if (event.event === 'plan.made')
        plans.push(
          ...event.actions.map(
            (one) => `${runs} ${one.kind} ${one.certId} ${one.listener ?? ''} ${one.reason}`,
          ),
        )
    return events
  }
}

/** One run over a table with these items. @returns the codes that it told */
export async function tellWithItems(product: Product, items: readonly Item[]): Promise<string[]> {
  const world = createToyWorld(authority, START)
  const listeners = [{ temper: 'prompt', has: 'foreign', ageDays: 90 }] as const
  const entries = [{ hosts: ['a.example.com'], keyType: 'ecdsa', takeOver: 'when_due', listeners }] as const
  const config = prepare(world, { entries, hasForeignValues: false, intervalHours: 24, steps: [] })
  for (const item of items) world.items.set(item.id, item)
  const codes: string[] = []
  const emit = (event: RotationEvent) => {
    if ('error' in event) codes.push(event.error.code)
  }
  const { ports } = world.ports({ runId: 'run-1', config, emit, dns01: product.dns01 }, null)
  const invocation = { only: null, force: false, dryRun: false }
  const request = { runId: 'run-1', config, warnings: [], invocation, deployment: 'toy' }
  const { error, outcomes } = await product.run(
    { ...request, intervalMs: DAY_MS, isTableExpected: true },
    ports,
    product.settings,
  )
  const errors = outcomes.flatMap((outcome) => outcome.errors.map(({ code }) => code))
  return [...codes, ...errors, ...(error ? [error.code] : [])]
}

function reversedConfig(config: Config): Config {
  const certificates = config.certificates.map((one) => ({ ...one, hosts: [...one.hosts].reverse() }))
  return { ...config, certificates: certificates.reverse() }
}

function reversed(ports: ReturnType<ToyWorld['ports']>['ports']): typeof ports {
  const { store, state } = ports
  return {
    ...ports,
    store: { ...store, list: async () => [...(await store.list())].reverse() },
    state: { ...state, read: async () => [...(await state.read())].reverse() },
  }
}

function prepare(world: ToyWorld, { entries, hasForeignValues }: Story): Config {
  const config = configOf(
    ...entries.map(({ hosts, keyType, takeOver, listeners }, at) => ({
      ...{ id: `entry-${at}`, hosts, keyType, takeOver },
      targets: listeners.map((_, number): Target => {
        return classicListener(`listener-${at}-${number}`, 443)
      }),
    })),
  )
  for (const [at, { hosts, listeners }] of entries.entries()) {
    for (const [number, { temper, has, ageDays }] of listeners.entries()) {
      const name = `listener-${at}-${number}`
      const arn = addFirst(world, config, at, has, ageDays)
      world.listeners.set(name, { name, temper, arn, old: null })
    }
    if (hasForeignValues)
      for (const host of hosts) {
        const record = `_acme-challenge.${host.replace(/^\*\./, '')}`
        world.records.set(record, { name: record, ttlSeconds: 60, values: [FOREIGN_VALUE] })
      }
  }
  return config
}

function addFirst(
  world: ToyWorld,
  config: Config,
  at: number,
  has: Listener['has'],
  ageDays: number,
): string {
  const certificate = config.certificates[at]
  if (!certificate) throw new Error(`no entry ${at}`)
  const notBefore = START - ageDays * DAY_MS
  const serial = `02${String(at * 1_000 + ageDays).padStart(8, '0')}`
  const hosts = has === 'foreign for other hosts' ? ['other.example.com'] : certificate.hosts
  const leaf = { serial, hosts, notBefore, notAfter: notBefore + 100 * DAY_MS }
  const name = has === 'ours' ? storedName(certificate, leaf) : `bought-${serial}-${has.length}`
  const arn = `arn:aws:iam::1:server-certificate${has === 'ours' ? '/elb-cert-rotator/' : '/'}${name}`
  world.add(arn, leaf, notBefore)
  return arn
}

function withOtherKeyType(config: Config, number: number): Config {
  return {
    ...config,
    certificates: config.certificates.map((one, at) =>
      at === number % config.certificates.length
        ? { ...one, keyType: one.keyType === 'ecdsa' ? 'ecdsa-p384' : 'ecdsa' }
        : one,
    ),
  }
}

/** Those that have a certificate for all hosts of their entry, and are not broken by it. */
function goodListeners({ certificates }: Config, world: ToyWorld): string[] {
  return certificates.flatMap(({ hosts, targets }) =>
    targets.flatMap((target) => {
      const name = nameOf(target)
      const { leaf } = world.certificates.get(world.listeners.get(name)?.arn ?? '') ?? {}
      return leaf && covers(leaf.hosts, hosts) && !isBroken(world, name) ? [name] : []
    }),
  )
}

function nameOf({ key }: Target): string {
  return key.slice(0, key.lastIndexOf(':'))
}

function isBroken(world: ToyWorld, name: string): boolean {
  const { temper, arn } = world.listeners.get(name) ?? {}
  return temper === 'breaks' && (world.certificates.get(arn ?? '')?.uploadedAt ?? 0) > START
}

function goalMissed(config: Config, world: ToyWorld, peaceful: ReadonlySet<string>): string[] {
  const good = goodListeners(config, world)
  return config.certificates
    .filter(({ id }) => peaceful.has(id))
    .flatMap((certificate) =>
      certificate.targets.flatMap((target) => {
        const name = nameOf(target)
        const arn = world.listeners.get(name)?.arn ?? ''
        const has = world.certificates.get(arn)
        if (!good.includes(name) || !has || has.leaf.notAfter <= world.now)
          return [`${name} has nothing right`]
        const isOther = arn.includes('/elb-cert-rotator/') && !arn.includes(specificationHash(certificate))
        return isOther ? [`${name} has another specification`] : []
      }),
    )
}

/** For good: what no run will ever take away. */
function leftBehind(
  world: ToyWorld,
  { hasForeignValues, steps }: Story,
  plans: readonly string[],
  peaceful: ReadonlySet<string>,
): string[] {
  const isPeaceful = ![...world.listeners.values()].some(({ temper }) => temper === 'breaks')
  const values = [...world.records.values()].flatMap((set) => set.values)
  const names = new Set(world.records.keys())
  const foreign = values.filter((value) => value === FOREIGN_VALUE).length
  const isChanged = steps.some(({ change }) => change !== null)
  // one that has ended meanwhile is of no use
  const lost = [...world.signed].filter(([serial, end]) => end > world.now && !world.uploaded.has(serial))
  const states = [...world.items.values()].filter(({ id }) => id.startsWith('cert#'))
  return [
    ...(values.length > foreign ? ['a challenge value is left'] : []),
    ...(hasForeignValues && (foreign !== names.size || foreign === 0) ? ['a foreign value was dropped'] : []),
    ...(world.keys.size > 0 ? ['a key is left'] : []),
    ...(world.items.has('lease') ? ['a lease is left'] : []),
    ...states
      .filter(({ data }) => !data?.includes('"order":null') || !data.includes('"values":[]'))
      .map(({ id }) => `${id} is not done`),
    // another specification makes an order useless
    ...(lost.length > 0 && !isChanged ? ['a certificate was issued and lost'] : []),
    ...(isPeaceful && plans.filter((line) => line.includes(' verify ')).length > 50
      ? ['it looks for ever']
      : []),
    ...[...peaceful].filter((id) => ours(world, id) > 2).map((id) => `${id} has more than two certificates`),
  ]
}

function ours(world: ToyWorld, id: string): number {
  const hash = idHash(id)
  return [...world.certificates.values()].filter(({ name, arn }) => {
    return arn.includes('/elb-cert-rotator/') && parseStoredName(name)?.idHash === hash
  }).length
}
