/** The CA's and AWS's answers replaced by nonsense: a portal's page, half of JSON, nothing, megabytes. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { faultPoints, nonsenseAt } from './faults.ts'
import { anAnswer } from './nonsense.ts'
import { keep, sweep } from './sweep.ts'

const SEED = 20_261_126

/** @param answers how many for each kind of call */
export function nonsenseSweep(answers: number, every: number): void {
  it('ends explained, and settles afterwards, whatever nonsense a call is answered with', async () => {
    const names = [...new Set((await faultPoints()).map(({ name }) => name))]
    expect(names.length).toBeGreaterThan(20)
    const given = fc.sample(anAnswer, { numRuns: answers, seed: SEED })
    const points = names
      .flatMap((name) => given.map((answer) => ({ name, answer })))
      // nobody can see through a service that says that a key is gone
      .filter(({ name, answer }) => !(name === 'ssm:DeleteParameter' && answer.status < 300))
    const { figures, broken } = await sweep(
      'nonsense',
      points,
      every,
      async ({ name, answer }) => {
        const { broken, wasReached } = await nonsenseAt(name, answer)
        return { broken, unreached: wasReached ? null : 'the call was not made' }
      },
      ({ name, answer }) =>
        `${name} answered ${answer.status} ${answer.contentType} ${answer.body.slice(0, 80)}`,
    )
    keep(figures, 'nonsense', every)
    expect(broken).toEqual([])
    expect(figures.unreached).toEqual([])
  })
}
