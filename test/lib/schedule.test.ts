import { Duration, TimeZone } from 'aws-cdk-lib'
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import { describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS } from '../../lambda/domain/instant.ts'
import { scheduleFor, slownessOf } from '../../lib/schedule.ts'
import { configOf } from '../support/configs.ts'

const { rate, cron, expression } = ScheduleExpression
const of = (...profiles: (string | null)[]) => configOf(...profiles.map((profile) => ({ profile })))

function chosen(profiles: (string | null)[], wanted?: ScheduleExpression): string {
  const schedule = scheduleFor(of(...profiles), wanted)
  if ('found' in schedule) return `found ${schedule.found}, expected ${schedule.expected}`
  const { expressionString } = schedule.expression
  return `${expressionString} every ${schedule.intervalMs / HOUR_MS} h, up to ${schedule.flexibleMinutes} min later`
}

describe('the schedule', () => {
  it.each<[string, (string | null)[], string]>([
    ['no profile is named', [null], 'rate(12 hours) every 12 h, up to 60 min later'],
    ['the profile is classic', ['classic'], 'rate(12 hours) every 12 h, up to 60 min later'],
    ['the profile is unknown', ['private'], 'rate(12 hours) every 12 h, up to 60 min later'],
    ['one lives 45 days', ['classic', 'tlsserver'], 'rate(6 hours) every 6 h, up to 30 min later'],
    ['one lives 160 hours', ['tlsserver', 'shortlived', null], 'rate(1 hour) every 1 h, up to 5 min later'],
  ])('is chosen by the shortest life: %s', (_, profiles, text) => {
    expect(chosen(profiles)).toBe(text)
  })

  it.each<[string, ScheduleExpression, string]>([
    ['a rate', rate(Duration.hours(12)), 'rate(12 hours) every 12 h, up to 60 min later'],
    [
      'an hour of the day',
      cron({ hour: '3', minute: '17' }),
      'cron(17 3 * * ? *) every 24 h, up to 60 min later',
    ],
    [
      'hours of the day, where the longest gap counts',
      cron({ hour: '3,9', minute: '0' }),
      'cron(0 3,9 * * ? *) every 18 h, up to 60 min later',
    ],
    [
      'weekdays, where the weekend counts, and Sunday is the first day as AWS has it',
      expression('cron(0 3 ? * 2-6 *)'),
      'cron(0 3 ? * 2-6 *) every 72 h, up to 60 min later',
    ],
    [
      'steps as AWS writes them',
      expression('cron(0/30 * * * ? *)'),
      'cron(0/30 * * * ? *) every 0.5 h, up to 2 min later',
    ],
    [
      'an hour of a place with summer time, where the long day counts',
      cron({ hour: '1', minute: '30', timeZone: TimeZone.EUROPE_BERLIN }),
      'cron(30 1 * * ? *) every 25 h, up to 60 min later',
    ],
    [
      'an hour that summer time leaves out, where AWS skips a night',
      cron({ hour: '2', minute: '30', timeZone: TimeZone.EUROPE_BERLIN }),
      'cron(30 2 * * ? *) every 47 h, up to 60 min later',
    ],
    [
      'the last Friday of the month beside every day, by one expression of AWS',
      expression('cron(0 3 ? * 6L,1-7 *)'),
      'cron(0 3 ? * 6L,1-7 *) every 24 h, up to 60 min later',
    ],
  ])('is as asked for: %s', (_, wanted, text) => {
    expect(chosen([null], wanted)).toBe(text)
  })

  it.each<[string, (string | null)[], ScheduleExpression, string]>([
    [
      'slower than the shortest lifetime allows',
      ['shortlived'],
      rate(Duration.days(1)),
      'found rate(1 day), which leaves up to 24 h between runs, expected at most 16 h, a tenth of the lifetime of certificates with the profile shortlived',
    ],
    [
      'slower than an alarm can watch',
      [null],
      rate(Duration.days(5)),
      'found rate(5 days), which leaves up to 5 days between runs, expected at most 4 days, because the alarm for missing runs cannot look back further',
    ],
    [
      'once a month',
      [null],
      cron({ day: '1', hour: '3', minute: '0' }),
      'found cron(0 3 1 * ? *), which leaves up to 31 days between runs, expected at most 9 days, a tenth of the lifetime of certificates with the profile classic',
    ],
    [
      'faster than a run may take',
      [null],
      rate(Duration.minutes(10)),
      'found rate(10 minutes), which runs again after 10 min, expected at least 30 min between runs, so that each failed run is reported',
    ],
    [
      'a single time',
      [null],
      expression('at(2027-01-01T00:00:00)'),
      'found at(2027-01-01T00:00:00), expected rate(…) or cron(…)',
    ],
    [
      'one that ends',
      [null],
      expression('cron(0 3 * * ? 2027)'),
      'found cron(0 3 * * ? 2027), expected six fields, with * as the year',
    ],
  ])('is refused: %s', (_, profiles, wanted, text) => {
    expect(chosen(profiles, wanted)).toBe(text)
  })

  it.each(['cron(0 3 * * * *)', 'cron(0 9 * * MON-FRI *)', 'cron(0 3 ? * ? *)', 'cron(0 3 */2 * 2 *)'])(
    'is refused as AWS would, when it is deployed: %s',
    (text) => {
      expect(chosen([null], expression(text))).toBe(
        `found ${text}, expected a ? as the day of the month or as the day of the week, but not as both`,
      )
    },
  )

  it('is refused where the time zone is none', () => {
    const wanted = cron({ hour: '3', minute: '0', timeZone: TimeZone.of('Mars/Base') })
    expect(chosen([null], wanted)).toBe(
      'found cron(0 3 * * ? *) in Mars/Base, expected a time zone that exists, for example Europe/Berlin',
    )
  })

  it('counts weekdays from Sunday as 1, as AWS does: there is no 0', () => {
    expect(chosen([null], expression('cron(0 3 ? * 0-4 *)'))).toMatch(
      /days of the week from 1 \(Sunday\) to 7$/,
    )
    expect(chosen([null], expression('cron(0 3 ? * 2,4,6,8 *)'))).toMatch(/from 1 \(Sunday\) to 7$/)
    expect(chosen([null], expression('cron(0 3 ? * 7,1 *)'))).toMatch(/up to 6 days between runs/)
  })

  it('is refused with the words of the reader when it is no cron expression', () => {
    expect(chosen([null], expression('cron(x 3 * * ? *)'))).toMatch(
      /^found cron\(x 3 \* \* \? \*\), which cannot be parsed: .+, expected a cron expression in the syntax of AWS$/,
    )
  })

  it('is warned of when it is slower than a renewal window is open, and only then', () => {
    const schedule = (intervalMs: number) => ({
      expression: rate(Duration.days(1)),
      intervalMs,
      flexibleMinutes: 1,
    })
    expect(slownessOf(of('tlsserver'), schedule(DAY_MS))).toMatch(
      /every 24 h is slower than .* tlsserver .*every 6 h/,
    )
    expect(slownessOf(of('tlsserver'), schedule(6 * HOUR_MS))).toBeNull()
    const twice = { hour: '1,13', minute: '30', timeZone: TimeZone.EUROPE_BERLIN }
    const nightly = scheduleFor(of(null), cron(twice))
    expect('found' in nightly || slownessOf(of(null), nightly), 'the long night of the year').toBeNull()
  })
})
