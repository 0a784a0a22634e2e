import { describe, expect, it } from 'vitest'
import type { Answer } from '../../../lambda/domain/model.ts'
import { breakageOf, judgeSwap } from '../../../lambda/plan/verdict.ts'

const NEW = '03ff'
const at = (address: string, serial: string): Answer => ({
  address,
  leaf: { serial, hosts: [], notBefore: 0, notAfter: 0, issuer: 'CA' },
})
const failing = (address: string): Answer => ({ address, failure: 'reset' })

describe('after a swap a listener', () => {
  it.each<[string, Answer[], Answer[], string]>([
    [
      'serves when every address has the new one',
      [at('a', '01'), at('b', '01')],
      [at('a', NEW), at('b', NEW)],
      'serving',
    ],
    [
      'is waited for while one address has the old one',
      [at('a', '01'), at('b', '01')],
      [at('a', NEW), at('b', '01')],
      'waiting',
    ],
    [
      'is waited for while it serves one of two that it served before',
      [at('a', '01'), at('b', '02')],
      [at('a', '02')],
      'waiting',
    ],
    [
      'is broken when an address that answered fails',
      [at('a', '01'), at('b', '01')],
      [at('a', NEW), failing('b')],
      'broken',
    ],
    ['is broken when it serves a third certificate', [at('a', '01')], [at('a', '09')], 'broken'],
    ['is unreachable when it was so before', [failing('a')], [failing('a')], 'unreachable'],
    ['serves when it can be reached only now', [failing('a')], [at('a', NEW)], 'serving'],
    [
      'is waited for when it can be reached only now and has another one',
      [failing('a')],
      [at('a', '09')],
      'waiting',
    ],
    [
      'serves when one address never answered and the other has the new one',
      [at('a', '01'), failing('b')],
      [at('a', NEW), failing('b')],
      'serving',
    ],
    [
      'is unreachable when its addresses changed and none answers',
      [at('a', '01')],
      [failing('c')],
      'unreachable',
    ],
  ])('%s', (_, before, after, kind) => {
    expect(judgeSwap(before, after, NEW, '01').kind).toBe(kind)
  })

  it('is waited for when it comes to serve only now what it had attached before', () => {
    const kind = (attached: string | null) => judgeSwap([at('a', '01')], [at('a', '02')], NEW, attached).kind
    expect(kind('02')).toBe('waiting')
    expect(kind('03')).toBe('broken')
    expect(kind(null)).toBe('broken')
  })
})

describe('silence after a swap', () => {
  const silence = judgeSwap([failing('a')], [failing('a')], NEW, '01')

  it('is excused where the listener was silent before', () => {
    expect(breakageOf(silence, { wasBroken: false })).toBeNull()
  })

  it('is a breakage where an earlier certificate had broken the listener', () => {
    expect(breakageOf(silence, { wasBroken: true })).toMatch(/^a: /)
  })
})
