/** A world for years of runs: load balancers that serve bought certificates at first, zones, a CA with its limits. */
import { ENV } from '../../lambda/domain/env.ts'
import { DAY_MS } from '../../lambda/domain/instant.ts'
import { stateTable } from '../../lambda/domain/names.ts'
import type { ServerCertificate } from '../sandbox/aws/iam.ts'
import { createClock } from '../sandbox/clock.ts'
import { REGION, type Sandbox, startSandbox } from '../sandbox/sandbox.ts'

export const START = Date.parse('2026-11-26T03:17:00Z')
export const DEPLOYMENT = 'years'
/** Waits of the function cost next to nothing. */
const SPEED = 300

export interface Entry {
  readonly name: string
  hosts: string[]
  key_type: 'ecdsa' | 'ecdsa-p384'
  readonly profile: string
  readonly zone: string
}

/** Something that happens on a day, and what it spoils from then on for so long, in which zones. */
export interface Happening {
  readonly day: number
  readonly what: string
  readonly happen: (world: YearsWorld) => void
  readonly trouble?: { readonly days: number; readonly zone: string | null }
}

export interface Life {
  readonly entries: Entry[]
  readonly intervalMs: number
  readonly days: number
  readonly happenings: readonly Happening[]
}

export interface YearsWorld {
  readonly sandbox: Sandbox
  readonly entries: Entry[]
  /** The id of each zone by its name. */
  readonly zones: Map<string, string>
  readonly env: Readonly<Record<string, string>>
  serving(name: string): ServerCertificate
  /** The configuration, as the entries are now. */
  document(): string
}

export async function startYears({ entries, intervalMs }: Life): Promise<YearsWorld> {
  const sandbox = await startSandbox({
    clock: createClock(START, SPEED),
    propagationMs: 0,
    spreadMs: 0,
    certificateLimit: 200,
    ca: {
      validationDelayMs: 0,
      finalizeDelayMs: 0,
      nonceRefusalShare: 0,
      hasRateLimits: true,
      // the longest that Boulder says: six hours, and twenty percent more
      renewalRetryAfter: '25920',
    },
  })
  for (const [name, value] of Object.entries(sandbox.env)) process.env[name] = value
  await sandbox.dynamodb.addTable(stateTable(DEPLOYMENT))
  const zones = new Map(
    [...new Set(entries.map(({ zone }) => zone))].map((name) => [name, sandbox.route53.addZone(name)]),
  )
  for (const { name, hosts } of entries) {
    const bought = await sandbox.buy(`bought-${name}`, { hosts, endsInMs: 20 * DAY_MS })
    await sandbox.addLoadBalancer(name, 443, bought)
  }
  return {
    sandbox,
    entries,
    zones,
    env: { [ENV.region]: REGION, [ENV.deployment]: DEPLOYMENT, [ENV.intervalMs]: String(intervalMs) },
    serving: (name) => sandbox.listener(name, 443).serving(),
    document: () => JSON.stringify(documentOf(sandbox, entries)),
  }
}

function documentOf({ ca }: Sandbox, entries: readonly Entry[]): object {
  const limits = {
    same_hosts_a_week: 5,
    registered_domain_a_week: 50,
    orders_in_three_hours: 300,
    renewals_are_free: true,
  }
  return {
    acme: { directory_url: ca.directoryUrl, root_certificates: ca.rootPem, limits },
    certificates: entries.map(({ name, hosts, key_type, profile }) => ({
      ...{ name, hosts, key_type, profile },
      elb: { name },
    })),
  }
}
