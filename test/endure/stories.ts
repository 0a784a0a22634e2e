/** Random stories for the claims. */
import fc from 'fast-check'
import type { Entry, Listener, Step, Story } from './claims.ts'

const HOSTS = ['a.example.com', 'b.example.com', '*.c.example.com', 'c.example.com', 'd.e.example.com']

const listener: fc.Arbitrary<Listener> = fc.record({
  temper: fc.constantFrom('prompt', 'prompt', 'prompt', 'late', 'breaks'),
  has: fc.constantFrom('foreign', 'foreign', 'foreign for other hosts', 'ours'),
  ageDays: fc.integer({ min: 0, max: 99 }),
})

const entry: fc.Arbitrary<Entry> = fc.record({
  hosts: fc.uniqueArray(fc.constantFrom(...HOSTS), { minLength: 1, maxLength: 3 }),
  keyType: fc.constantFrom('ecdsa', 'ecdsa-p384'),
  takeOver: fc.constantFrom('when_due', 'when_due', 'now'),
  listeners: fc.array(listener, { minLength: 1, maxLength: 2 }),
})

const death = fc.record({ atCall: fc.integer({ min: 1, max: 60 }), before: fc.boolean() })

const step: fc.Arbitrary<Step> = fc.record({
  afterHours: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 24, max: 24 * 70 })),
  death: fc.option(death, { freq: 2 }),
  change: fc.option(fc.integer({ min: 0, max: 3 }), { freq: 1 }),
  overtaken: fc.option(
    fc.record({ atCall: fc.integer({ min: 1, max: 40 }), minutes: fc.constantFrom(1, 6, 9, 13, 20) }),
    { freq: 1 },
  ),
})

/** @param isQuiet nobody dies and nobody overtakes: then two runs of it are comparable */
export function story(isQuiet: boolean): fc.Arbitrary<Story> {
  return fc.record({
    entries: fc.array(entry, { minLength: 1, maxLength: 3 }),
    hasForeignValues: fc.boolean(),
    intervalHours: fc.constantFrom(1, 6, 24),
    steps: fc.array(isQuiet ? step.map(quiet) : step, { minLength: 1, maxLength: 5 }),
  })
}

function quiet(one: Step): Step {
  return { ...one, death: null, overtaken: null }
}
