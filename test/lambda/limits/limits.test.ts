import { describe, expect, it } from 'vitest'
import { RotationError } from '../../../lambda/errors.ts'
import { type Budget, type Limited, limit } from '../../../lambda/limits/limits.ts'
import type { Certificate, StoredCertificate } from '../../../lambda/model.ts'
import { ledgerItem, specificationHash } from '../../../lambda/names.ts'
import type { Action } from '../../../lambda/plan/plan.ts'
import { type CertificateState, NOTHING_KNOWN } from '../../../lambda/state/items.ts'
import { configOf } from '../../support/configs.ts'

const DAY_MS = 86_400_000
const NOW = 100 * DAY_MS
const reason = { code: 'renewal-due', detail: '' } as const
const target = { kind: 'classic', loadBalancer: 'web', port: 443 } as const
const issue = (certId: string, isUrgent = false): Action[] => [
  { kind: 'issue', certId, reason, isUrgent },
  { kind: 'attach', certId, reason, target, stored: null },
]
const prune = (certId: string): Action => {
  return { kind: 'prune', certId, reason, stored: {} as StoredCertificate }
}

/** `d` has the hosts of `a`. */
const CERTIFICATES = configOf(
  ...['a', 'b', 'c', 'd'].map((id) => ({ id, hosts: [`${id === 'd' ? 'a' : id}.example.com`] })),
).certificates
const [A] = CERTIFICATES as [Certificate]
const SET = ledgerItem(A.directoryUrl, A.hosts)

function budget(over: Partial<Budget> = {}): Budget {
  const quota = { used: 1, limit: 20 }
  const certificates = new Map(CERTIFICATES.map((one) => [one.id, one]))
  const usual = { now: NOW, quota, freed: 0, states: new Map(), certificates, mostOfOneSetAWeek: 5 }
  return { ...usual, issued: () => [], ...over }
}

function stateOf(certId: string, state: Partial<CertificateState>): Pick<Budget, 'states'> {
  return { states: new Map([[certId, { ...NOTHING_KNOWN, ...state }]]) }
}

function held({ heldBack }: Limited): string[] {
  return [...heldBack].map(([certId, { code }]) => `${certId} ${code}`)
}

describe('the quota of the store', () => {
  it('gives the room that is left to what comes first, and holds back the rest with all that would follow', () => {
    const actions = [...issue('a'), ...issue('b'), ...issue('c')]
    const limited = limit(actions, budget({ quota: { used: 18, limit: 20 } }))
    expect(limited.run.map(({ certId, kind }) => `${kind} ${certId}`)).toEqual([
      'issue a',
      'attach a',
      'issue b',
      'attach b',
    ])
    expect(held(limited)).toEqual(['c store/quota-full'])
  })

  it('is no limit for what is only attached, pruned or tidied', () => {
    const attach: Action = { kind: 'attach', certId: 'a', reason, target, stored: {} as StoredCertificate }
    const tidy: Action = { kind: 'tidy', certId: 'a', reason, order: false, forget: false }
    const actions = [tidy, prune('a'), attach]
    expect(limit(actions, budget({ quota: { used: 20, limit: 20 } })).run).toEqual(actions)
  })

  it('counts as room what was pruned before, and not what is only planned to be', () => {
    const actions = [prune('b'), ...issue('a')]
    const full = { used: 20, limit: 20 }
    expect(limit(actions, budget({ quota: full, freed: 1 })).run).toEqual(actions)
    expect(held(limit(actions, budget({ quota: full, freed: 0 })))).toEqual(['a store/quota-full'])
  })

  it('holds back all when more is used than allowed, and keeps what else is to be done', () => {
    const tidy: Action = { kind: 'tidy', certId: 'a', reason, order: false, forget: false }
    expect(limit([tidy, ...issue('a')], budget({ quota: { used: 25, limit: 20 } })).run).toEqual([tidy])
  })

  it('holds back all when it could not be asked', () => {
    const quota = new RotationError('aws/throttled', 'throttled')
    expect(held(limit(issue('a'), budget({ quota })))).toEqual(['a aws/throttled'])
  })
})

describe('what the CA asked for', () => {
  it('is kept to the very instant', () => {
    const until = (nextTry: number) =>
      held(limit(issue('a'), budget(stateOf('a', { nextTry: { at: nextTry, set: SET } }))))
    expect(until(NOW + 1)).toEqual(['a limits/asked-to-wait'])
    expect(until(NOW)).toEqual([])
  })

  it('names the instant, for the other certificates it says nothing', () => {
    const limited = limit(
      [...issue('a'), ...issue('b')],
      budget(stateOf('a', { nextTry: { at: NOW + DAY_MS, set: SET } })),
    )
    expect(limited.heldBack.get('a')?.message).toContain('before 1970-04-12T00:00:00Z')
    expect(limited.run.map(({ certId }) => certId)).toEqual(['b', 'b'])
  })
})

it('is not asked of another CA, or for other hosts', () => {
  const nextTry = { at: NOW + DAY_MS, set: 'ledger#other' }
  expect(held(limit(issue('a'), budget(stateOf('a', { nextTry }))))).toEqual([])
})

describe('the ledger', () => {
  const times = (count: number) => Array.from({ length: count }, (_, at) => NOW - (at + 1) * DAY_MS)

  it('holds back the sixth certificate for a set of hosts in seven days, until the oldest of them is forgotten', () => {
    expect(held(limit(issue('a'), budget({ issued: () => times(4) })))).toEqual([])
    const limited = limit(issue('a'), budget({ issued: () => times(5) }))
    expect(held(limited)).toEqual(['a limits/ledger-full'])
    expect(limited.heldBack.get('a')?.message).toContain('not before 1970-04-13T00:00:00Z')
  })

  it('lets through what is near its end, and an order that is gone on with', () => {
    expect(held(limit(issue('a', true), budget({ issued: () => times(9) })))).toEqual([])
    const order = { url: '', specificationHash: specificationHash(A), keyParameter: '', since: 0 }
    const resumed = budget({ ...stateOf('a', { order }), issued: () => times(9) })
    expect(held(limit(issue('a'), resumed))).toEqual([])
    const other = budget({
      ...stateOf('a', { order: { ...order, specificationHash: '' } }),
      issued: () => times(9),
    })
    expect(held(limit(issue('a'), other)), 'it will be dropped').toEqual(['a limits/ledger-full'])
  })

  it('counts what the same plan orders for the same hosts', () => {
    const limited = limit([...issue('a'), ...issue('d'), ...issue('b')], budget({ issued: () => times(4) }))
    expect(held(limited)).toEqual(['d limits/ledger-full'])
  })
})
