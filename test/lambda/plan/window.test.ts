import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '../../../lambda/domain/instant.ts'
import { dueAt, isOutpaced, isOverdue, ownWindow, pointIn } from '../../../lambda/plan/window.ts'

const NINETY = { serial: '03ab', notBefore: 0, notAfter: 90 * DAY_MS }
const SIX_DAYS = { serial: '03ab', notBefore: 0, notAfter: 160 * HOUR_MS }

describe('the window of a certificate', () => {
  it('lies around two thirds of its life, two percent wide', () => {
    const { start, end } = ownWindow(NINETY)
    expect(start / DAY_MS).toBeCloseTo(59.1)
    expect(end / DAY_MS).toBeCloseTo(60.9)
  })

  it('lies around half of a life under ten days', () => {
    const { start, end } = ownWindow(SIX_DAYS)
    expect(start / HOUR_MS).toBeCloseTo(78.4)
    expect(end / HOUR_MS).toBeCloseTo(81.6)
  })

  it('has one point for each serial, the same at every run, spread over the whole of it', () => {
    const window = ownWindow(NINETY)
    const points = Array.from({ length: 500 }, (_, at) => pointIn(window, `03${at}`))
    expect(points).toEqual(Array.from({ length: 500 }, (_, at) => pointIn(window, `03${at}`)))
    const width = window.end - window.start
    expect(Math.min(...points)).toBeLessThan(window.start + width / 20)
    expect(Math.max(...points)).toBeGreaterThan(window.end - width / 20)
    expect(Math.max(...points)).toBeLessThanOrEqual(window.end)
  })
})

describe('a certificate is due', () => {
  const window = ownWindow(NINETY)
  const point = pointIn(window, NINETY.serial)
  const at = (now: number, intervalMs = DAY_MS) => dueAt(NINETY, window, now, intervalMs)

  it('when the point has passed, and not a moment earlier than the next run needs', () => {
    expect(at(point)).toBe('point-passed')
    expect(at(point - 1, 0)).toBeNull()
  })

  it('when the window is open and the point comes before the next run', () => {
    expect(at(window.start, point - window.start + 1)).toBe('before-next-run')
    expect(at(window.start, point - window.start)).toBeNull()
  })

  it('when the window closes before the next run', () => {
    expect(at(window.start - 1, window.end - window.start + 2)).toBe('window-closes')
    expect(at(window.start - 1, window.end - window.start + 1)).toBeNull()
  })

  it('before the last run ahead of the last twentieth of its life, whatever the window says', () => {
    const late = { start: 89 * DAY_MS, end: 90 * DAY_MS }
    expect(dueAt(NINETY, late, 85.5 * DAY_MS - HOUR_MS + 1, HOUR_MS)).toBe('near-its-end')
    expect(dueAt(NINETY, late, 85.5 * DAY_MS - HOUR_MS, HOUR_MS)).toBeNull()
  })
})

describe('a certificate', () => {
  it('is overdue when a tenth of its life has passed since its point', () => {
    const point = pointIn(ownWindow(NINETY), NINETY.serial)
    expect(isOverdue(NINETY, ownWindow(NINETY), point + 9 * DAY_MS)).toBe(false)
    expect(isOverdue(NINETY, ownWindow(NINETY), point + 9 * DAY_MS + 1)).toBe(true)
  })

  it('is outpaced when its window is shorter than the time between runs', () => {
    expect(isOutpaced(ownWindow(NINETY), DAY_MS)).toBe(false)
    expect(isOutpaced(ownWindow({ ...NINETY, notAfter: 45 * DAY_MS }), DAY_MS)).toBe(true)
    expect(isOutpaced(ownWindow(SIX_DAYS), HOUR_MS)).toBe(false)
  })
})
