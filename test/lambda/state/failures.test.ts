import { beforeEach, describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../../lambda/domain/errors.ts'
import { HOUR_MS } from '../../../lambda/domain/instant.ts'
import type { Outcome, OutcomeState } from '../../../lambda/domain/model.ts'
import { hostsLedger } from '../../../lambda/domain/names.ts'
import { type CertificateState, NOTHING_KNOWN } from '../../../lambda/domain/remembered.ts'
import { RotationError } from '../../../lambda/domain/rotation-error.ts'
import { noteOutcomes } from '../../../lambda/state/failures.ts'
import { openMemory } from '../../../lambda/state/memory.ts'
import { configOf } from '../../support/configs.ts'
import { type FakeTable, fakeTable } from './fake-table.ts'

const NOW = 1_000_000
const [CERTIFICATE] = configOf({ id: 'shop' }).certificates
const SET = CERTIFICATE ? hostsLedger(CERTIFICATE.directoryUrl, CERTIFICATE.hosts) : ''

describe('what came of a run', () => {
  let table: FakeTable
  beforeEach(() => {
    table = fakeTable()
  })

  async function noted(
    state: OutcomeState,
    errors: readonly [ErrorCode, number | null][] = [],
    before: Partial<CertificateState> = {},
  ): Promise<CertificateState> {
    if (!CERTIFICATE) throw new Error('one certificate')
    const memory = openMemory([], table, 'shop', { now: () => NOW })
    await memory.note('shop', before)
    table.calls.length = 0
    const outcome: Outcome = {
      certId: 'shop',
      state,
      detail: '',
      errors: errors.map(([code, retryAfterMs]) => {
        const refusal = { status: 429, type: 'rateLimited', url: 'https://ca.test/', retryAfterMs }
        return new RotationError(code, code, {}, code.startsWith('acme/') ? { refusal } : {})
      }),
      notAfter: null,
      isOverdue: false,
    }
    await noteOutcomes([outcome], new Map([['shop', CERTIFICATE]]), memory, NOW)
    return memory.of('shop')
  }

  it('costs no write where all is as it was', async () => {
    await noted('settled')
    await noted('held-back', [['limits/asked-to-wait', null]])
    await noted('postponed', [], { postponed: true })
    expect(table.calls).toEqual([])
  })

  it('counts failures, since the first of them', async () => {
    expect((await noted('failed', [['aws/throttled', null]])).failures).toEqual({
      count: 1,
      since: NOW,
      last: NOW,
      code: 'aws/throttled',
    })
    const failures = { count: 3, since: 5, last: 6, code: 'dns/not-in-sync' }
    expect((await noted('rejected', [['verify/rejected', null]], { failures })).failures).toEqual({
      count: 4,
      since: 5,
      last: NOW,
      code: 'verify/rejected',
    })
  })

  it.each<[string, Partial<CertificateState>]>([
    ['failures', { failures: { count: 3, since: 5, last: 6, code: 'x' } }],
    ['a wait', { nextTry: { at: 5, since: 0, set: SET } }],
    ['that it was postponed', { postponed: true }],
  ])('forgets %s where it went well', async (_, before) => {
    expect(await noted('renewed', [], before)).toEqual(NOTHING_KNOWN)
  })

  it('remembers the longest of what the CA asked for, whatever its words, and at most a week', async () => {
    const wait = async (...errors: [ErrorCode, number | null][]) => (await noted('failed', errors)).nextTry
    expect(await wait(['acme/rate-limited', HOUR_MS], ['acme/refused', 2 * HOUR_MS])).toEqual({
      at: NOW + 2 * HOUR_MS,
      since: NOW,
      set: SET,
    })
    expect((await wait(['acme/rate-limited', 900 * HOUR_MS]))?.at).toBe(NOW + 168 * HOUR_MS)
    expect(await wait(['aws/throttled', HOUR_MS])).toBeNull()
    expect(await wait(['acme/rate-limited', null])).toBeNull()
  })

  it('keeps an earlier wait where the next failure says nothing of one', async () => {
    const nextTry = { at: NOW + HOUR_MS, since: NOW, set: SET }
    expect((await noted('failed', [['limits/asked-to-wait', null]], { nextTry })).nextTry).toEqual(nextTry)
  })

  it('remembers what had no time left, also where that is a failure', async () => {
    expect((await noted('postponed', [['run/out-of-time', null]])).postponed).toBe(true)
    expect((await noted('failed', [['run/out-of-time', null]])).postponed).toBe(true)
    expect((await noted('failed', [['aws/throttled', null]], { postponed: true })).postponed).toBe(false)
  })
})
