import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { targetKey } from '../../../lambda/model.ts'
import { type Plan, plan } from '../../../lambda/plan/plan.ts'
import { loadCases } from './load-cases.ts'

const CASES = loadCases(new URL('./cases/', import.meta.url))

function lines({ actions, standings }: Plan): { actions: string[]; standings: string[] } {
  return {
    actions: actions.map((action) =>
      action.kind === 'issue'
        ? `issue ${action.certId} ${action.reason.code}`
        : `${action.kind} ${action.certId} ${targetKey(action.target)} ${action.stored?.serial ?? 'new'} ${action.reason.code}`,
    ),
    standings: standings.map(({ certId, state }) => `${certId} ${state}`),
  }
}

describe('plan', () => {
  it('has cases, each with a name of its own', () => {
    expect(CASES.length).toBeGreaterThan(30)
    expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length)
  })

  it.each(CASES)('$name', ({ desired, observed, context, actions, standings }) => {
    expect(lines(plan(desired, observed, context))).toEqual({ actions, standings })
  })

  it.each(CASES)('does not depend on the order of what is desired and stored: $name', (one) => {
    const expected = plan(one.desired, one.observed, one.context)
    fc.assert(
      fc.property(
        fc.shuffledSubarray([...one.desired], { minLength: one.desired.length }),
        fc.shuffledSubarray([...one.observed.stored], { minLength: one.observed.stored.length }),
        (desired, stored) => {
          expect(lines(plan(desired, { ...one.observed, stored }, one.context))).toEqual(lines(expected))
        },
      ),
      { numRuns: 10, seed: 1 },
    )
  })
})
