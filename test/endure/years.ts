/**
 * Years of runs on the sandbox's clock. The function itself runs, at the rate at which it is deployed; over the days on
 * which its plan has nothing to do it is jumped, and a sample of the runs that were left out is made all the same.
 */
import { compose } from '../../lambda/compose.ts'
import { parseConfig } from '../../lambda/config/parse.ts'
import { DEFAULTS } from '../../lambda/domain/defaults.ts'
import type { LoggedEvent } from '../../lambda/domain/events.ts'
import { DAY_MS } from '../../lambda/domain/instant.ts'
import { toLeaf } from '../../lambda/domain/leaf.ts'
import { createHandler } from '../../lambda/handler.ts'
import { observe } from '../../lambda/observe.ts'
import { workedBefore } from '../../lambda/plan/listener-state.ts'
import { plan } from '../../lambda/plan/plan.ts'
import type { ProbeListener } from '../../lambda/ports.ts'
import { openMemory } from '../../lambda/state/memory.ts'
import { REGION } from '../sandbox/sandbox.ts'
import { PATIENT } from '../support/patient.ts'
import { createJudge, type Judge, type YearsFigures } from './years-judge.ts'
import { DEPLOYMENT, type Life, START, startYears, type YearsWorld } from './years-world.ts'

/** Nothing takes long here: what is asked for again is asked for at once. */
const SETTINGS = {
  ...DEFAULTS,
  ...PATIENT,
  acmePollIntervalMs: 100,
  dnsSyncIntervalMs: 100,
  verifyIntervalMs: 500,
}
/** Of the jumps: after so many, a run in the middle of one is made. */
const SAMPLED = 15
/** So many words say enough of what does not hold. */
const MOST_BROKEN = 20

export interface Lived {
  /** What did not hold, in words. */
  readonly broken: readonly string[]
  readonly figures: YearsFigures & { readonly entries: number; readonly seconds: number }
}

export async function live(life: Life): Promise<Lived> {
  const begunAt = performance.now()
  const world = await startYears(life)
  const judge = createJudge(life, world)
  try {
    await pass(life, world, judge)
  } finally {
    await world.sandbox.stop()
  }
  judge.atTheEnd()
  const seconds = Math.round((performance.now() - begunAt) / 1000)
  return { broken: judge.broken, figures: { entries: life.entries.length, ...judge.figures, seconds } }
}

async function pass(life: Life, world: YearsWorld, judge: Judge): Promise<void> {
  const { clock } = world.sandbox
  const until = START + life.days * DAY_MS
  const pending = [...life.happenings].sort((a, b) => a.day - b.day)
  const nextAt = () => (pending[0] ? START + pending[0].day * DAY_MS : until)
  let jumps = 0
  while (clock.now() < until && judge.broken.length < MOST_BROKEN) {
    while (pending[0] && nextAt() <= clock.now()) {
      const next = pending.shift()
      next?.happen(world)
      judge.begin(next?.trouble)
    }
    await runOnce(world, judge, false)
    const intervals = await intervalsToWork(life, world, nextAt())
    judge.figures.jumpedOver += intervals - 1
    if (intervals > 1 && ++jumps % SAMPLED === 0) {
      const middle = Math.ceil(intervals / 2)
      clock.advance(middle * life.intervalMs)
      await runOnce(world, judge, true)
      judge.figures.jumpedOver--
      clock.advance((intervals - middle) * life.intervalMs)
    } else clock.advance(intervals * life.intervalMs)
  }
}

async function runOnce(world: YearsWorld, judge: Judge, isIdle: boolean): Promise<void> {
  const judgeRun = judge.beforeRun()
  const events: LoggedEvent[] = []
  const note = (event: LoggedEvent) => void events.push(event)
  const handler = createHandler({
    env: world.env,
    readConfig: world.document,
    log: { info: note, warn: note, error: note },
    writeMetrics: () => undefined,
    time: world.sandbox.clock,
    settings: SETTINGS,
    dial: dial(world),
  })
  const hasFailed = await handler({}).then(
    () => false,
    () => true,
  )
  judgeRun(events, hasFailed, isIdle)
}

/** How many intervals it is to a run that has something to do, by the plan itself; 1 when that is the next one. */
async function intervalsToWork(life: Life, world: YearsWorld, nextAt: number): Promise<number> {
  const { clock } = world.sandbox
  const { config } = parseConfig(world.document())
  const ports = compose(config, {
    ...{ region: REGION, deployment: DEPLOYMENT, emit: () => undefined, time: clock, dial: dial(world) },
    settings: SETTINGS,
  })
  const probe: ProbeListener = async ({ dnsName }) => [
    { address: dnsName, leaf: toLeaf(world.serving(dnsName.replace(/-1\..*/, '')).x509) },
  ]
  const memory = openMemory(await ports.state.read(), null, DEPLOYMENT, clock)
  const desired = config.certificates
  const observed = await observe(
    desired,
    { justStored: [], workedBefore: workedBefore(memory.certificates) },
    { ports: { ...ports, probe }, settings: DEFAULTS },
  )
  const quota = await ports.store.quota()
  const now = clock.now()
  // what is due stays due: so it is searched for by halves
  let [idle, busy] = [0, Math.max(1, Math.ceil((nextAt - now) / life.intervalMs))]
  while (busy - idle > 1) {
    const middle = Math.floor((idle + busy) / 2)
    if (hasWork(now + middle * life.intervalMs)) busy = middle
    else idle = middle
  }
  return busy

  function hasWork(at: number): boolean {
    const { actions } = plan(desired, observed, {
      now: at,
      intervalMs: life.intervalMs,
      force: new Set(),
      issued: new Set(),
      states: memory.certificates,
      entries: desired.map(({ id }) => id),
      forgotten: [],
      quota,
      inUse: new Set(),
    })
    return actions.length > 0
  }
}

function dial({ sandbox }: YearsWorld) {
  return async (dnsName: string, port: number) => [
    sandbox.placeOf(dnsName, port) ?? { host: '127.0.0.1', port: 9 },
  ]
}
