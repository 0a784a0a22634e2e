/**
 * The function is killed at every call: before it is made, after it was answered, and, where it changes something, when
 * it was made and its answer was lost. Then runs follow. The points are the calls of a clean run, never a list.
 */
import { ENV } from '../../lambda/domain/env.ts'
import { DAY_MS, HOUR_MS } from '../../lambda/domain/instant.ts'
import { REGION } from '../sandbox/sandbox.ts'
import { keysIn, leaksOf } from '../support/keys.ts'
import { DEPLOYMENT } from '../support/runners.ts'
import type { Ran } from '../support/trial.ts'
import { type Interference, type Point, type Seen, textOf, watchCalls } from './calls.ts'
import { killable } from './killable.ts'
import { isServing, isSettled, SCENARIOS, type Scenario, SETTINGS, startWorld, type World } from './world.ts'

export type Moment = 'before' | 'after' | 'answer lost'
export interface CrashPoint extends Point {
  readonly moment: Moment
}

export interface Crashed {
  readonly point: CrashPoint
  /** What did not hold; empty when all did. */
  readonly broken: readonly string[]
  /** The clean run's call was not made in this run. */
  readonly wasReached: boolean
}

/** @returns every point of a clean run */
export async function pointsOf(scenario: Scenario): Promise<CrashPoint[]> {
  const world = await startWorld(scenario)
  const seen: Seen[] = []
  try {
    await runIn(world, (call) => {
      seen.push(call)
      return null
    })
    watchCalls(world.sandbox, null)
    if (!isAsItShouldBe(await world.trial.run(), scenario))
      throw new Error(`a clean run of ${scenario} does not settle`)
  } finally {
    await world.trial.stop()
  }
  return seen.flatMap(({ name, nth, isWrite }): CrashPoint[] => [
    { name, nth, moment: 'before' },
    { name, nth, moment: 'after' },
    ...(isWrite ? [{ name, nth, moment: 'answer lost' } as const] : []),
  ])
}

export async function crashAt(scenario: Scenario, point: CrashPoint): Promise<Crashed> {
  const world = await startWorld(scenario)
  try {
    let wasReached = false
    await runIn(world, (call, kill) => {
      if (call.name !== point.name || call.nth !== point.nth) return null
      wasReached = true
      if (point.moment === 'after') return { afterwards: kill }
      kill()
      return point.moment === 'before' ? 'reset' : 'lost'
    })
    const broken = await claims(world, scenario)
    return { point, broken, wasReached }
  } finally {
    await world.trial.stop()
  }
}

/** A listener that breaks has its certificate back, and every run says so. */
function isAsItShouldBe(ran: Ran, scenario: Scenario): boolean {
  if (scenario !== 'a certificate that breaks its listener') return isSettled(ran)
  return ran.codes.join() === 'verify/rejected'
}

/** The runs after the one that was killed, and what has to hold. */
async function claims(world: World, scenario: Scenario): Promise<string[]> {
  const { trial, sandbox } = world
  const isBreaking = scenario === 'a certificate that breaks its listener'
  watchCalls(sandbox, null)
  const broken = [...world.violations()]
  let last = null
  for (let run = 0; run < 2 && !isDone(last); run++) {
    sandbox.clock.advance(HOUR_MS)
    last = await trial.run()
    broken.push(...world.violations())
  }
  if (!isDone(last)) broken.push(`not settled in two more runs: ${last?.codes.join(', ')}`)
  if (!isServing(sandbox)) broken.push('the listener is left broken')
  sandbox.clock.advance(HOUR_MS)
  const proof = await trial.run()
  if (!isAsItShouldBe(proof, scenario))
    broken.push(`something was left to do: ${JSON.stringify(proof.outcomes)}`)
  const isOld = sandbox.listener('web', 443).serving().arn === world.first
  const shallBeOld = isBreaking || scenario === 'a clean-up'
  if (isOld !== shallBeOld) broken.push('the listener serves another certificate than it should')
  const wanted = SCENARIOS[scenario].issued
  const issued = world.issued()
  if (issued !== wanted) broken.push(`${issued} certificates were issued for the work of ${wanted}`)
  // from here on it takes what it gets
  if (isBreaking) sandbox.listener('web', 443).behaviour = () => 'serve'
  for (let day = 0; day < (isBreaking ? 4 : 2); day++) {
    sandbox.clock.advance(DAY_MS + HOUR_MS)
    last = await trial.run()
  }
  if (isBreaking && !isSettled(last as Ran)) broken.push('its successor does not settle')
  broken.push(...world.violations())
  broken.push(...(await world.leftovers()).map((one) => `${one} is left for good`))
  return [...new Set(broken)]

  function isDone(ran: Ran | null): boolean {
    return ran !== null && (ran.error === null || isAsItShouldBe(ran, scenario))
  }
}

/** One run in a process of its own. @param meet also gets what kills it */
async function runIn(
  { sandbox, config }: World,
  meet: (call: Seen, kill: () => void) => Interference | null,
): Promise<void> {
  const env = {
    ...sandbox.env,
    PATH: process.env['PATH'] ?? '',
    [ENV.deployment]: DEPLOYMENT,
    [ENV.intervalMs]: String(HOUR_MS),
    AWS_REGION: REGION,
  }
  const child = killable(env, sandbox.clock)
  watchCalls(sandbox, (call) => meet(call, child.kill))
  const ran = await child.run({
    config,
    now: sandbox.clock.now(),
    settings: SETTINGS,
    places: placesOf(sandbox),
  })
  for (const key of keysIn(sandbox))
    if (leaksOf(key, ran.output).length > 0) throw new Error('a private key is in the log')
}

function placesOf({ elb, placeOf }: World['sandbox']): Record<string, { host: string; port: number }> {
  return Object.fromEntries(
    [...elb.balancers.values()].flatMap(({ dnsName, listeners }) =>
      listeners.flatMap(({ port }) => {
        const place = placeOf(dnsName, port)
        return place ? [[`${dnsName}:${port}`, place]] : []
      }),
    ),
  )
}

export function textOfCrash({ moment, ...point }: CrashPoint): string {
  return `killed ${moment === 'answer lost' ? 'with the answer lost at' : moment} ${textOf(point)}`
}
