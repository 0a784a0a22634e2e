/** Two lives: ten years with all that may happen, and sixty days of certificates that live for less than a week. */
import { DAY_MS, HOUR_MS } from '../../lambda/domain/instant.ts'
import { ServiceError } from '../sandbox/aws/service.ts'
import { type Entry, type Happening, type Life, START } from './years-world.ts'

const day = (date: string) => Math.ceil((Date.parse(date) - START) / DAY_MS)

/** Certificates of 90 days then, so that a month without the CA is less than what is left when they are due. */
const LONG_LIVED = 'example.org'
const DROPPED = 'example.net'

const TEN_YEARS: readonly Happening[] = [
  {
    day: day('2027-01-20'),
    what: `the CA cannot see ${LONG_LIVED} for a month`,
    happen: ({ sandbox }) => {
      sandbox.ca.options.sees = (host) => !host.endsWith(LONG_LIVED)
    },
    trouble: { days: 30, zone: LONG_LIVED },
  },
  {
    day: day('2027-02-19'),
    what: 'it can again',
    happen: ({ sandbox }) => {
      sandbox.ca.options.sees = () => true
    },
  },
  {
    day: day('2028-06-01'),
    what: 'all certificates in force are revoked',
    happen({ sandbox }) {
      for (const { name } of sandbox.elb.balancers.values()) {
        const { x509 } = sandbox.listener(name, 443).serving()
        sandbox.ca.book.renewals.revoke(x509.serialNumber.toLowerCase())
      }
    },
  },
  {
    day: day('2029-03-01'),
    what: 'AWS refuses every seventh call for a week',
    happen({ sandbox }) {
      let calls = 0
      sandbox.aws.intercept(() =>
        ++calls % 7 === 0 ? new ServiceError('Throttling', 'Rate exceeded', 400) : null,
      )
    },
    trouble: { days: 7, zone: null },
  },
  { day: day('2029-03-08'), what: 'and no more', happen: ({ sandbox }) => sandbox.aws.intercept(null) },
  {
    day: day('2030-05-01'),
    what: 'one entry gets other hosts, one another kind of key, and one both',
    happen({ entries }) {
      for (const entry of entries) {
        if (entry.name === 'app3') entry.hosts = [...entry.hosts, `www.${entry.zone}`]
        if (entry.name === 'app6') entry.hosts = [`new.${entry.zone}`]
        if (entry.name === 'app5' || entry.name === 'app6') entry.key_type = 'ecdsa-p384'
      }
    },
  },
  {
    day: day('2031-09-01'),
    what: 'a zone is missing for a week',
    happen({ sandbox, zones }) {
      const id = zones.get(DROPPED)
      if (id !== undefined) sandbox.route53.dropZone(id)
    },
    trouble: { days: 7, zone: DROPPED },
  },
  {
    day: day('2031-09-08'),
    what: 'it is made anew',
    happen({ sandbox, zones }) {
      if (zones.has(DROPPED)) zones.set(DROPPED, sandbox.route53.addZone(DROPPED))
    },
  },
]

/** Twenty entries in four zones; two halves of them that share no zone may live side by side. */
export const ZONES = ['example.com', LONG_LIVED, DROPPED, 'example.co.uk'] as const

/** @param zones those whose entries live */
export function tenYears(zones: readonly string[] = ZONES, days = 3_653): Life {
  const all = entries(20, ZONES, (zone, at) =>
    zone !== LONG_LIVED && at % 2 === 0 ? 'tlsserver' : 'classic',
  )
  return {
    entries: all.filter(({ zone }) => zones.includes(zone)),
    // what is deployed for the profile tlsserver
    intervalMs: 6 * HOUR_MS,
    days,
    happenings: TEN_YEARS,
  }
}

export function sixtyDays(days = 60): Life {
  return {
    entries: entries(5, ['example.com', 'example.net'], () => 'shortlived'),
    intervalMs: HOUR_MS,
    days,
    happenings: [],
  }
}

function entries(
  count: number,
  zones: readonly string[],
  profileOf: (zone: string, at: number) => string,
): Entry[] {
  return Array.from({ length: count }, (_, at) => {
    const zone = zones[at % zones.length] ?? ''
    const host = at % 5 === 4 ? `*.app${at}.${zone}` : `app${at}.${zone}`
    return { name: `app${at}`, hosts: [host], key_type: 'ecdsa', profile: profileOf(zone, at), zone }
  })
}
