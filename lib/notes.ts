/** What synth has to say beside the template: what it costs, what is still to be done, what may surprise. Pure. */
import type { Config } from '../lambda/domain/config.ts'
import { METRICS } from '../lambda/domain/metrics.ts'
import { hostsWithoutZone } from './dns-permissions.ts'
import type { CertificateRotationProps } from './props.ts'
import { type RunSchedule, slownessOf } from './schedule.ts'

export interface Note {
  readonly level: 'info' | 'warning'
  /** To acknowledge it by. */
  readonly id: string
  readonly text: string
}

/** "Server certificates" of an account, as it is before anybody asks for more. */
const STORE_QUOTA = 20
/** The one in use, the one before it, and the next one before it is verified. */
const STORED_PER_ENTRY = 3

/** List prices of us-east-1 in US dollars a month. @see https://aws.amazon.com/cloudwatch/pricing/ */
const PRICE = { alarm: 0.1, metric: 0.3, dashboard: 3 }

export function notesFor(
  config: Config,
  warnings: readonly string[],
  schedule: RunSchedule,
  props: CertificateRotationProps,
  alarms: number,
): Note[] {
  const notes: Note[] = warnings.map((text) => ({ level: 'warning', id: 'config', text }))
  const warn = (id: string, text: string) => void notes.push({ level: 'warning', id, text })
  const tell = (id: string, text: string) => void notes.push({ level: 'info', id, text })

  const needed = config.certificates.length * STORED_PER_ENTRY
  if (needed > STORE_QUOTA)
    warn(
      'store-quota',
      `${config.certificates.length} certificates need room for ${needed} server certificates in IAM (the one in use, the one before, the next); an account has ${STORE_QUOTA} unless more was granted: ask AWS to raise "Server certificates per account"`,
    )
  const slow = slownessOf(config, schedule)
  if (slow) warn('schedule-slow', slow)
  if (!props.alarmTopic && !props.alarmEmails)
    warn('nobody-is-told', 'nobody hears the alarms: give alarmEmails or alarmTopic (-c alarmEmail=…)')
  if (props.alarmEmails)
    tell(
      'confirm-email',
      `${props.alarmEmails.join(', ')}: confirm the subscription in the mail that AWS sends; until then no alarm arrives`,
    )
  const open = hostsWithoutZone(config)
  if (open.length > 0)
    tell(
      'zone-ids',
      `no zone id is given for ${shorten(open)}: the function may list all hosted zones, and write these challenge names in any. Give the ids under dns.zones to narrow it`,
    )
  tell('cost', costText(alarms, props.dashboard ?? false))
  return notes
}

function costText(alarms: number, dashboard: boolean): string {
  const metrics = Object.keys(METRICS).length
  const parts = [
    `${alarms} alarms ${dollars(alarms * PRICE.alarm)}`,
    `${metrics} metrics at most ${dollars(metrics * PRICE.metric)}`,
    ...(dashboard ? [`1 dashboard ${dollars(PRICE.dashboard)}`] : []),
  ]
  return `costs a month, by us-east-1's list prices: ${parts.join(', ')}; the first 10 alarms, 10 metrics and 3 dashboards of an account are free`
}

function dollars(amount: number): string {
  return `$${amount.toFixed(2)}`
}

function shorten(hosts: readonly string[]): string {
  return hosts.length > 3 ? `${hosts.slice(0, 3).join(', ')} and ${hosts.length - 3} more` : hosts.join(', ')
}
