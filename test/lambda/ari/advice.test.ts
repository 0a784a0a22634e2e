import { describe, expect, it } from 'vitest'
import { advisedBy, isTimeToAsk, neverAsked, withoutAri } from '../../../lambda/ari/advice.ts'
import { DAY_MS, MINUTE_MS } from '../../../lambda/domain/instant.ts'
import type { Renewal } from '../../../lambda/domain/remembered.ts'
import type { RenewalAnswer } from '../../../lambda/ports.ts'

const HOUR = 60 * MINUTE_MS
const NOW = 100 * DAY_MS
const CERTIFICATE = { serial: '03', notBefore: 90 * DAY_MS, notAfter: 180 * DAY_MS }
const KNOWN: Renewal = {
  ...neverAsked(CERTIFICATE, 'key.serial'),
  account: 'https://ca.test/account/1',
  window: { start: 140 * DAY_MS, end: 142 * DAY_MS },
}
const WINDOW = { start: 149 * DAY_MS, end: 151 * DAY_MS }

function answered(retryAfterMs: number | null, window = WINDOW): RenewalAnswer {
  return { window, explanation: null, retryAfterMs }
}

function remembered(answer: RenewalAnswer, before = KNOWN): { window: Renewal['window']; waits: number } {
  const { window, askAfter } = advisedBy(answer, before, CERTIFICATE, NOW)
  return { window, waits: askAfter - NOW }
}

describe('an answer about a renewal', () => {
  it('counts until the CA wants to be asked again', () => {
    expect(remembered(answered(5 * HOUR))).toEqual({ window: WINDOW, waits: 5 * HOUR })
  })

  it.each([
    ['at once', 0, MINUTE_MS],
    ['in a second', 1_000, MINUTE_MS],
    ['in a year', 365 * DAY_MS, DAY_MS],
    ['never said', null, 6 * HOUR],
  ])('is asked for again within bounds where that is %s', (_, retryAfterMs, waits) => {
    expect(remembered(answered(retryAfterMs))).toEqual({ window: WINDOW, waits })
  })

  it.each([
    ['ends before it starts', { start: 151 * DAY_MS, end: 149 * DAY_MS }],
    ['ends as it starts', { start: 151 * DAY_MS, end: 151 * DAY_MS }],
    ['was over a day before the certificate began', { start: 0, end: 89 * DAY_MS }],
    ['is of no time at all', { start: Number.NaN, end: Number.NaN }],
  ])('is no answer when its window %s: the last one counts', (_, window) => {
    expect(remembered(answered(HOUR, window))).toEqual({ window: KNOWN.window, waits: 6 * HOUR })
    expect(remembered(answered(HOUR, window), { ...KNOWN, window: null }).window).toBeNull()
  })

  it('may put the window into the past, or far ahead', () => {
    const past = { start: NOW - HOUR, end: NOW - HOUR / 2 }
    expect(remembered(answered(HOUR, past)).window).toEqual(past)
    const justBefore = { start: 89 * DAY_MS, end: 89 * DAY_MS + 1 }
    expect(remembered(answered(HOUR, justBefore)).window).toEqual(justBefore)
    const far = { start: 9_000 * DAY_MS, end: 9_001 * DAY_MS }
    expect(remembered(answered(HOUR, far)).window).toEqual(far)
  })
})

describe('no answer about a renewal', () => {
  const passing = { failure: 'HTTP 503', isPassing: true, retryAfterMs: null }

  it('leaves the last one as it was', () => {
    expect(advisedBy(passing, KNOWN, CERTIFICATE, NOW)).toMatchObject({ window: KNOWN.window, failures: 1 })
  })

  it('is asked for again in six hours when it does not pass by itself', () => {
    expect(remembered({ failure: 'not found', isPassing: false, retryAfterMs: null }).waits).toBe(6 * HOUR)
  })

  it('is asked for again later and later when it may pass, and then as if it did not', () => {
    const waits: number[] = []
    let renewal = KNOWN
    for (let time = 0; time < 10; time++) {
      renewal = advisedBy(passing, renewal, CERTIFICATE, NOW)
      waits.push((renewal.askAfter - NOW) / MINUTE_MS)
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 360, 360])
    expect(advisedBy(answered(HOUR), renewal, CERTIFICATE, NOW).failures).toBe(0)
  })

  it.each([
    ['ten hours', 10 * HOUR, 10 * HOUR],
    ['a second', 1_000, MINUTE_MS],
    ['a year', 365 * DAY_MS, DAY_MS],
  ])('is asked for again when the CA said, within bounds: %s', (_, retryAfterMs, waits) => {
    expect(remembered({ ...passing, retryAfterMs }).waits).toBe(waits)
  })

  it('where the CA has no such thing, is asked for again in a day', () => {
    expect(withoutAri(KNOWN, NOW)).toMatchObject({ window: KNOWN.window, askAfter: NOW + DAY_MS })
  })
})

it('is time to ask when nobody ever did, when the time has come, and when it lies further ahead than any of ours', () => {
  const at = (askAfter: number) => isTimeToAsk({ ...KNOWN, askAfter }, NOW)
  expect([0, NOW, NOW + 1, NOW + DAY_MS, NOW + DAY_MS + 1].map(at)).toEqual([true, true, false, false, true])
})
