import { describe, expect, it } from 'vitest'
import { limitsOf } from '../../../lambda/domain/ca-limits.ts'
import { DAY_MS, HOUR_MS } from '../../../lambda/domain/instant.ts'
import type { Certificate, StoredCertificate } from '../../../lambda/domain/model.ts'
import { domainLedger, hostsLedger, ordersLedger, specificationHash } from '../../../lambda/domain/names.ts'
import {
  type CertificateState,
  type Ledger,
  NOTHING_KNOWN,
  NOTHING_SPENT,
} from '../../../lambda/domain/remembered.ts'
import { RotationError } from '../../../lambda/domain/rotation-error.ts'
import { classicListener } from '../../../lambda/domain/targets.ts'
import { type Budget, type Limited, limit } from '../../../lambda/limits/limits.ts'
import type { Action } from '../../../lambda/plan/actions.ts'
import type { Predecessor } from '../../../lambda/plan/predecessor.ts'
import { configOf } from '../../support/configs.ts'

const NOW = 100 * DAY_MS
const reason = { code: 'renewal-due', detail: '' } as const
const target = classicListener('web', 443)
type Issue = Extract<Action, { kind: 'issue' }>
const issue = (certId: string, over: Partial<Issue> = {}): Action[] => [
  { kind: 'issue', certId, reason, isUrgent: false, predecessor: null, ends: null, ...over },
  { kind: 'attach', certId, reason, target, stored: null, restore: null, wasBroken: false },
]
const deletion = (certId: string): Action => {
  return { kind: 'delete', certId, reason, stored: {} as StoredCertificate }
}

/** `d` has the hosts of `a`. */
const CERTIFICATES = configOf(
  ...['a', 'b', 'c', 'd'].map((id) => ({ id, hosts: [`${id === 'd' ? 'a' : id}.example.com`] })),
).certificates
const [A] = CERTIFICATES as [Certificate]
const SET = hostsLedger(A.directoryUrl, A.hosts)

function budget(over: Partial<Budget> = {}): Budget {
  const quota = { used: 1, limit: 20 }
  const certificates = new Map(CERTIFICATES.map((one) => [one.id, one]))
  const limits = limitsOf(A.directoryUrl, {})
  const usual = { now: NOW, intervalMs: DAY_MS, force: new Set<string>(), quota, freed: 0, states: new Map() }
  return { ...usual, certificates, limits, ledger: () => NOTHING_SPENT, ...over }
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

  it('is no limit for what is only attached, deleted or cleaned up', () => {
    const stored = {} as StoredCertificate
    const fallback = { restore: null, wasBroken: false }
    const attach: Action = { kind: 'attach', certId: 'a', reason, target, stored, ...fallback }
    const cleanUp: Action = { kind: 'clean-up', certId: 'a', reason, order: false, forget: false }
    const actions = [cleanUp, deletion('a'), attach]
    expect(limit(actions, budget({ quota: { used: 20, limit: 20 } })).run).toEqual(actions)
  })

  it('counts as room what was deleted before, and not what is only planned to be', () => {
    const actions = [deletion('b'), ...issue('a')]
    const full = { used: 20, limit: 20 }
    expect(limit(actions, budget({ quota: full, freed: 1 })).run).toEqual(actions)
    expect(held(limit(actions, budget({ quota: full, freed: 0 })))).toEqual(['a store/quota-full'])
  })

  it('holds back all when more is used than allowed, and keeps what else is to be done', () => {
    const cleanUp: Action = { kind: 'clean-up', certId: 'a', reason, order: false, forget: false }
    expect(limit([cleanUp, ...issue('a')], budget({ quota: { used: 25, limit: 20 } })).run).toEqual([cleanUp])
  })

  it('holds back all when it could not be asked', () => {
    const quota = new RotationError('aws/throttled', 'throttled')
    expect(held(limit(issue('a'), budget({ quota })))).toEqual(['a aws/throttled'])
  })
})

describe('what the CA asked for', () => {
  it('is kept to the very instant', () => {
    const until = (nextTry: number) =>
      held(limit(issue('a'), budget(stateOf('a', { nextTry: { at: nextTry, since: 0, set: SET } }))))
    expect(until(NOW + 1)).toEqual(['a limits/asked-to-wait'])
    expect(until(NOW)).toEqual([])
  })

  it('names the instant, for the other certificates it says nothing', () => {
    const limited = limit(
      [...issue('a'), ...issue('b')],
      budget(stateOf('a', { nextTry: { at: NOW + DAY_MS, since: NOW, set: SET } })),
    )
    expect(limited.heldBack.get('a')?.message).toContain('before 1970-04-12T00:00:00Z')
    expect(limited.run.map(({ certId }) => certId)).toEqual(['b', 'b'])
  })

  it('is not asked of another CA, or for other hosts', () => {
    const nextTry = { at: NOW + DAY_MS, since: NOW, set: 'ledger#other' }
    expect(held(limit(issue('a'), budget(stateOf('a', { nextTry }))))).toEqual([])
  })

  it('is asked about again when the end is near, after a tenth of what is left, and when somebody wants it', () => {
    const nextTry = { at: NOW + 6 * DAY_MS, since: NOW - 5 * HOUR_MS, set: SET }
    const near = (hours: number, more: Partial<Issue> = {}) => {
      const actions = issue('a', { isUrgent: true, ends: NOW + hours * HOUR_MS, ...more })
      return held(limit(actions, budget(stateOf('a', { nextTry }))))
    }
    expect(near(70)).toEqual(['a limits/asked-to-wait'])
    expect(near(50)).toEqual([])
    expect(near(50, { isUrgent: false })).toEqual(['a limits/asked-to-wait'])
    expect(near(-1)).toEqual([])
    const forced = { ...budget(stateOf('a', { nextTry })), force: new Set(['a']) }
    expect(held(limit(issue('a'), forced))).toEqual([])
  })
})

describe('backing off', () => {
  const tries = (count: number, minutesAgo: number, hash = specificationHash(A)) => {
    const last = NOW - minutesAgo * 60_000
    return stateOf('a', { failedOrders: { count, last, specificationHash: hash, why: 'no TXT record' } })
  }
  const hourly = (state: Pick<Budget, 'states'>, more: Partial<Budget> = {}) =>
    held(limit(issue('a'), budget({ ...state, intervalMs: HOUR_MS, ...more })))

  it('waits 1, 10 and 100 minutes after the first three failures, and then a day: by the run that is nearest', () => {
    expect(hourly(tries(1, 5))).toEqual([])
    expect(hourly(tries(2, 60))).toEqual([])
    expect(hourly(tries(3, 60))).toEqual(['a limits/backing-off'])
    expect(hourly(tries(3, 120))).toEqual([])
    expect(hourly(tries(4, 23 * 60))).toEqual(['a limits/backing-off'])
    expect(hourly(tries(9, 24 * 60 - 5))).toEqual([])
  })

  it('says when the next attempt is, and why the last one failed', () => {
    const limited = limit(issue('a'), budget({ ...tries(4, 0), intervalMs: HOUR_MS }))
    expect(limited.heldBack.get('a')?.message).toBe(
      'orders for a have failed 4 times; the next attempt is not before 1970-04-12T00:00:00Z; the last error was: no TXT record',
    )
  })

  it('tries at the next run of a schedule that is as slow', () => {
    expect(hourly(tries(9, 24 * 60 - 5), { intervalMs: DAY_MS })).toEqual([])
    expect(hourly(tries(3, 24 * 60), { intervalMs: DAY_MS })).toEqual([])
  })

  it('holds for runs by hand that come one after the other', () => {
    expect(hourly(tries(2, 3))).toEqual(['a limits/backing-off'])
    expect(hourly(tries(2, 6))).toEqual([])
  })

  it('is shorter the nearer the end of what is installed is', () => {
    const ends = (days: number) => {
      const [first, second] = issue('a')
      const near = { ...first, ends: NOW + days * DAY_MS } as Action
      return held(limit([near, second as Action], budget({ ...tries(9, 300), intervalMs: HOUR_MS })))
    }
    expect(ends(9)).toEqual(['a limits/backing-off'])
    expect(ends(2)).toEqual([])
  })

  it('goes on every three hours when it has ended', () => {
    const ended = (minutesAgo: number) =>
      held(
        limit(
          issue('a', { ends: NOW - DAY_MS }),
          budget({ ...tries(9, minutesAgo), intervalMs: HOUR_MS / 2 }),
        ),
      )
    expect(ended(2 * 60)).toEqual(['a limits/backing-off'])
    expect(ended(3 * 60)).toEqual([])
  })

  it('ends when somebody asks for a certificate, or changes the entry', () => {
    expect(hourly(tries(9, 0), { force: new Set(['a']) })).toEqual([])
    expect(hourly(tries(9, 0, 'other'))).toEqual([])
  })
})

describe('the ledger', () => {
  const WEEK = 7 * DAY_MS
  const DOMAIN = domainLedger(A.directoryUrl, 'example.com')
  const ORDERS = ordersLedger(A.directoryUrl)
  /** Room for so many is left. */
  const left = (room: number, most: number, perMs: number) => NOW + perMs - (room * perMs) / most
  const ledgers = (given: Record<string, Partial<Ledger>>): Pick<Budget, 'ledger'> => {
    return { ledger: (item) => ({ ...NOTHING_SPENT, ...given[item] }) }
  }
  const letsEncrypt = limitsOf('https://acme-v02.api.letsencrypt.org/directory', {})

  it('holds back the sixth certificate for a set of hosts until the CA has room for one again', () => {
    expect(held(limit(issue('a'), budget(ledgers({ [SET]: { fullAt: left(1, 5, WEEK) } }))))).toEqual([])
    const limited = limit(issue('a'), budget(ledgers({ [SET]: { fullAt: NOW + WEEK } })))
    expect(held(limited)).toEqual(['a limits/ledger-full'])
    expect(limited.heldBack.get('a')?.message).toBe(
      'the CA allows 5 certificates for the same hosts in 7 days, and the order for a would exceed that; the next one is possible at 1970-04-12T09:36:00Z',
    )
  })

  it('lets through what is near its end, and an order that is resumed', () => {
    const full = ledgers({ [SET]: { fullAt: NOW + WEEK } })
    expect(held(limit(issue('a', { isUrgent: true }), budget(full)))).toEqual([])
    const order = {
      url: '',
      specificationHash: specificationHash(A),
      keyParameter: '',
      since: 0,
      isReplacement: false,
    }
    expect(held(limit(issue('a'), budget({ ...stateOf('a', { order }), ...full })))).toEqual([])
    const other = budget({ ...stateOf('a', { order: { ...order, specificationHash: '' } }), ...full })
    expect(held(limit(issue('a'), other)), 'it will be dropped').toEqual(['a limits/ledger-full'])
  })

  it('counts what the same plan orders for the same hosts', () => {
    const one = ledgers({ [SET]: { fullAt: left(1, 5, WEEK) } })
    expect(held(limit([...issue('a'), ...issue('d'), ...issue('b')], budget(one)))).toEqual([
      'd limits/ledger-full',
    ])
  })

  it('counts by registered domain and by account where the CA does, over all certificates of a plan', () => {
    const domain = ledgers({ [DOMAIN]: { fullAt: left(2, 50, WEEK) } })
    const all = [...issue('a'), ...issue('b'), ...issue('c')]
    expect(held(limit(all, budget({ ...domain, limits: letsEncrypt })))).toEqual(['c limits/ledger-full'])
    expect(held(limit(all, budget(domain))), 'a CA that is not known').toEqual([])
    const orders = ledgers({ [ORDERS]: { fullAt: left(1, 300, 3 * HOUR_MS) } })
    expect(held(limit(all, budget({ ...orders, limits: letsEncrypt })))).toEqual([
      'b limits/ledger-full',
      'c limits/ledger-full',
    ])
  })

  it('holds nothing against what replaces another inside the window of a CA that does not', () => {
    const full = ledgers({ [SET]: { fullAt: NOW + WEEK }, [DOMAIN]: { fullAt: NOW + WEEK } })
    const inside = { id: 'x', account: null, isInWindow: true }
    const replacing = (predecessor: Predecessor, limits = letsEncrypt) =>
      held(limit(issue('a', { predecessor }), budget({ ...full, limits })))
    expect(replacing(inside)).toEqual([])
    expect(replacing({ ...inside, isInWindow: false })).toEqual(['a limits/ledger-full'])
    expect(replacing(inside, limitsOf(A.directoryUrl, {}))).toEqual(['a limits/ledger-full'])
  })

  it('holds only the limit of the same hosts against a renewal', () => {
    const spent = { [DOMAIN]: { fullAt: NOW + WEEK }, [ORDERS]: { fullAt: NOW + WEEK } }
    const renewed = (days: number) =>
      held(
        limit(
          issue('a'),
          budget({
            ...ledgers({ ...spent, [SET]: { lastIssued: NOW - days * DAY_MS } }),
            limits: letsEncrypt,
          }),
        ),
      )
    expect(renewed(119)).toEqual([])
    expect(renewed(120)).toEqual(['a limits/ledger-full'])
  })
})
