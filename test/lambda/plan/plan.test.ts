import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Action } from '../../../lambda/plan/actions.ts'
import { type Plan, plan } from '../../../lambda/plan/plan.ts'
import { ariCases } from './cases/ari.ts'
import { checksCases } from './cases/checks.ts'
import { foreignCases } from './cases/foreign.ts'
import { leftBehindCases } from './cases/left-behind.ts'
import { orderCases } from './cases/order.ts'
import { placementCases } from './cases/placement.ts'
import { restoreCases } from './cases/restore.ts'
import { stagingCases } from './cases/staging.ts'
import { supersededCases } from './cases/superseded.ts'
import { timeCases } from './cases/time.ts'

const CASES = [
  ariCases,
  checksCases,
  foreignCases,
  leftBehindCases,
  orderCases,
  placementCases,
  restoreCases,
  stagingCases,
  supersededCases,
  timeCases,
].flat()

function lines(made: Plan): { actions: string[]; statuses: string[] } {
  return {
    actions: made.actions.map(line),
    statuses: made.statuses.map(({ certId, state }) => `${certId} ${state}`),
  }
}

function line(action: Action): string {
  const { kind, certId, reason } = action
  switch (action.kind) {
    case 'clean-up':
      return [kind, certId, ...(action.order ? ['order'] : []), ...(action.forget ? ['forget'] : [])].join(
        ' ',
      )
    case 'issue':
      return [
        ...[kind, certId, reason.code],
        ...(action.isUrgent ? ['urgent'] : []),
        ...(action.predecessor ? ['replaces', action.predecessor.id] : []),
      ].join(' ')
    case 'delete':
      return `${kind} ${certId} ${action.stored.serial} ${reason.code}`
    case 'undo':
      return `${kind} ${certId} ${action.target.key} ${action.stored.serial} to ${serialIn(action.restore)}`
    default: {
      const what = `${kind} ${certId} ${action.target.key} ${action.stored?.serial ?? 'new'} ${reason.code}`
      return `${what}, else ${serialIn(action.restore)}${action.wasBroken ? ', broken' : ''}`
    }
  }
}

/** The ARNs of the cases end with the serial. */
function serialIn(arn: string | null): string {
  return arn === null ? 'unknown' : arn.slice(Math.max(arn.lastIndexOf('/'), arn.lastIndexOf('-')) + 1)
}

describe('plan', () => {
  it('has cases, each with a name of its own', () => {
    expect(CASES.length).toBeGreaterThan(110)
    expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length)
  })

  it.each(CASES)('$name', ({ desired, observed, context, actions, statuses, kept }) => {
    const made = plan(desired, observed, context)
    expect(lines(made)).toEqual({ actions, statuses })
    if (kept) expect(made.kept.map(({ stored, why }) => `${stored.serial} ${why}`)).toEqual(kept)
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
