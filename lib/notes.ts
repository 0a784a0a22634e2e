/** What synth reports in addition to the template: the cost, what is still to be done, what may be a surprise. Pure. */
import type { Config } from '../lambda/domain/config.ts'
import { METRICS } from '../lambda/domain/metrics.ts'
import { hostsWithoutZone } from './dns-permissions.ts'
import type { CertificateRotationProps } from './props.ts'
import { type RunSchedule, slownessOf } from './schedule.ts'

export interface Note {
  readonly level: 'info' | 'warning'
  /** The id to acknowledge it with. */
  readonly id: string
  readonly text: string
}

/** "Server certificates" of an account, unless more was requested. */
const STORE_QUOTA = 20
/** The one in use, the previous one, and the next one until it is verified. */
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
      `${config.certificates.length} certificates need room for ${needed} server certificates in IAM (the one in use, the previous and the next one); the default quota is ${STORE_QUOTA}: request an increase of the IAM quota "Server certificates per account"`,
    )
  const slow = slownessOf(config, schedule)
  if (slow) warn('schedule-slow', slow)
  if (!props.alarmTopic && !props.alarmEmails)
    warn(
      'nobody-is-told',
      'nobody receives the alarms: set the prop alarmEmails or alarmTopic (-c alarmEmail=…)',
    )
  if (props.alarmEmails)
    tell(
      'confirm-email',
      `${props.alarmEmails.join(', ')}: confirm the subscription in the e-mail that AWS sends; no alarm arrives before that`,
    )
  const open = hostsWithoutZone(config)
  if (open.length > 0)
    tell(
      'zone-ids',
      `no zone id is given for ${shorten(open)}: the function is allowed to list all hosted zones, and to write these challenge names in any of them. To restrict this, give the ids under dns.zones in the configuration`,
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
  return `cost per month at list prices of us-east-1: ${parts.join(', ')}; the first 10 alarms, 10 metrics and 3 dashboards of an account are free`
}

function dollars(amount: number): string {
  return `$${amount.toFixed(2)}`
}

function shorten(hosts: readonly string[]): string {
  return hosts.length > 3 ? `${hosts.slice(0, 3).join(', ')} and ${hosts.length - 3} more` : hosts.join(', ')
}
