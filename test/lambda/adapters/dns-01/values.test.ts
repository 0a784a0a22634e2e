import { expect, it } from 'vitest'
import { asWritten, mergedByName, toNote } from '../../../../lambda/adapters/dns-01/values.ts'
import { DEFAULTS } from '../../../../lambda/domain/defaults.ts'

const zone = { id: 'Z1', name: 'example.com', group: 0 }

it('notes each value as Route53 has it, two at one name together', () => {
  const wanted = ['one', 'two'].map((value) => ({
    certId: 'a',
    zone,
    name: '_acme-challenge.example.com',
    value,
  }))
  expect(toNote(wanted)).toEqual([{ zone, name: '_acme-challenge.example.com', ours: ['"one"', '"two"'] }])
})

it('takes away what several have noted at one name in one edit, and leaves the other names apart', () => {
  const noted = (name: string, ...ours: string[]) => asWritten({ zone, name, ours }, DEFAULTS)
  const merged = mergedByName([noted('x', '"1"'), noted('y', '"2"'), noted('x', '"3"', '"1"')])
  expect(merged.map(({ name, ours, set }) => [name, ours, set?.values])).toEqual([
    ['x', ['"1"', '"3"'], ['"1"', '"3"']],
    ['y', ['"2"'], ['"2"']],
  ])
})
