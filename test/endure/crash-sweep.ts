/** One scenario of the crash sweep as a test. */
import { expect, it } from 'vitest'
import { crashAt, pointsOf, textOfCrash } from './crash.ts'
import { keep, sweep } from './sweep.ts'
import { SCENARIOS, type Scenario } from './world.ts'

export function crashSweep(scenario: Scenario, every: number): void {
  it(`holds what it promises when it is killed at any call of ${scenario}`, async () => {
    const points = await pointsOf(scenario)
    expect(points.map(({ name }) => name)).toEqual(expect.arrayContaining([...SCENARIOS[scenario].calls]))
    const { figures, broken } = await sweep(
      `killed in ${scenario}`,
      points,
      every,
      async (point) => {
        const { broken, wasReached } = await crashAt(scenario, point)
        return { broken, unreached: wasReached ? null : 'the run came to its end before' }
      },
      textOfCrash,
    )
    keep(figures, `crash ${scenario}`, every)
    expect(broken).toEqual([])
    expect(figures.unreached).toEqual([])
  })
}
