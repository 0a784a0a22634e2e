/** `docs/timing.md`: when and why a certificate is renewed, with pictures and figures from the code's own numbers. */

import { limitsOf } from '../lambda/domain/ca-limits.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, toSpan } from '../lambda/domain/instant.ts'
import { PROFILES } from '../lambda/domain/profiles.ts'
import { nextTryAfter } from '../lambda/limits/backoff.ts'
import { lastGuard, nearItsEndFrom, ownWindow } from '../lambda/plan/window.ts'

const WIDTH = 72
const LETS_ENCRYPT = 'https://acme-v02.api.letsencrypt.org/directory'

/** What Let's Encrypt has said of lifetimes beyond what the table of profiles has. */
const LIVES = [
  { name: 'classic', lifetimeMs: PROFILES['classic']?.lifetimeMs ?? 0, note: 'until 2027-02-09' },
  { name: 'classic', lifetimeMs: 64 * DAY_MS, note: 'from 2027-02-10' },
  { name: 'classic', lifetimeMs: 45 * DAY_MS, note: 'from 2028-02-16' },
  { name: 'tlsserver', lifetimeMs: PROFILES['tlsserver']?.lifetimeMs ?? 0, note: '' },
  { name: 'shortlived', lifetimeMs: PROFILES['shortlived']?.lifetimeMs ?? 0, note: '' },
]

function picture({ name, lifetimeMs, note }: (typeof LIVES)[number]): string {
  const life = { serial: '', notBefore: 0, notAfter: lifetimeMs }
  const { start, end } = ownWindow(life)
  const at = (ms: number) => Math.min(WIDTH - 1, Math.floor((ms / lifetimeMs) * WIDTH))
  const line = Array.from({ length: WIDTH }, () => '-')
  for (let column = at(start); column <= at(end); column++) line[column] = '='
  line[at(nearItsEndFrom(life))] = 'u'
  line[at(lastGuard(life))] = '!'
  const [unit, ms] = lifetimeMs > 10 * DAY_MS ? ['day', DAY_MS] : ['hour', HOUR_MS]
  const number = (value: number) => Math.round((value / ms) * 10) / 10
  const interval = PROFILES[name]?.intervalMs ?? 0
  return `    ${name}${note ? `, ${note}` : ''}: ${number(lifetimeMs)} ${unit}s
    ${line.join('')}
    = window: ${unit} ${number(start)} to ${number(end)}, open for ${toSpan(end - start)}; a run every ${toSpan(interval)}
    u urgent from ${unit} ${number(nearItsEndFrom(life))}   ! last guard from ${unit} ${number(lastGuard(life))}
`
}

function steps(): string {
  const [first, second, third] = [1, 2, 3].map(
    (count) => nextTryAfter({ count, last: 0, specificationHash: '', why: '' }, null, 0) / MINUTE_MS,
  )
  return `${first}, ${second} and ${third} minutes`
}

function limits(): string {
  const { sameHosts, registeredDomain, orders } = limitsOf(LETS_ENCRYPT, {})
  return [
    ['certificates for exactly the same hosts', 'same_hosts_a_week', sameHosts],
    ['certificates for hosts below one registered domain', 'registered_domain_a_week', registeredDomain],
    ['new orders of an account', 'orders_in_three_hours', orders],
  ]
    .map(([what, key, allowance]) => {
      const { most, perMs } = allowance as { most: number; perMs: number }
      return `| ${what} | ${most} in ${toSpan(perMs)} | one each ${toSpan(perMs / most)} | \`${key}\` |`
    })
    .join('\n')
}

export function timing(note: string): string {
  return `${note}
# Timing

When a certificate is renewed, why then, and what holds an order back. The numbers on this page are the code's.

## The day

Each certificate has a window in its life. The CA gives it where the CA can (ACME Renewal Information, RFC 9773: Let's
Encrypt does); else it is ours: two thirds of the life, half when it is under ten days, and one percent before and after.
In the window lies a point, spread by the certificate's own serial, so that not all are renewed in the same hour. It is
due

- when the point has passed, or lies before the next run while the window is open;
- when the window closes before the next run: then runs are too rare, and \`schedule.outpaced\` says so;
- in the last twentieth of the life whatever anybody says, and at the last run before that.

When the CA's window is over before ours begins, the certificate is revoked or will be, and it is replaced at once
(\`replace-early\`, with the CA's own page when it gives one). No rule counts in days: lifetimes are those of the
certificate that was issued.

${LIVES.map(picture).join('\n')}
*Urgent* is the last tenth: a full ledger does not hold an order back any more, and the CA itself may say no.

The CA is asked by the first run after an issuance, and then as often as it wants (Let's Encrypt: every six hours), at
least a minute later and at most a day later. When it does not answer, the last window counts and it is asked again
after 1, 2, 4 minutes and so on; when it answers something that makes no sense, after six hours. A window that ends
before it starts, or was over a day before the certificate began, makes no sense. What it said of one certificate is
never applied to another. It is not asked about certificates that have ended, that broke a listener, that another has
replaced, or that another CA issued.

## The order

The order says which certificate it replaces, when the same CA issued that to the same account for one of the same
hosts. Where the CA will not hear of it (it was replaced already, it is not known, another account had it), the order is
placed once more without, and \`replacement.refused\` tells why; so it is when it is urgent and the last try failed. An
order in flight is gone on with: a second one for the same predecessor would be refused.

A profile is asked for only when the CA's directory lists it. When the CA drops it, what is installed stays, and every
run that is due fails with \`acme/profile-not-offered\` until the configuration names another: nobody but you can say
which.

## What holds an order back

**Failures.** When the CA does not fulfil an order, the next ones come after ${steps()}, and then daily;
sooner, after a tenth of the time that is left until the end of what is installed, but not sooner than three hours. The
run that is nearest makes it: on a daily schedule, that is each run. It is \`failed\` all the while
(\`limits/backing-off\`). When the entry has changed, or a run is forced, it is tried at once.

**Retry-After.** What the CA asks for is remembered and not slept through; at most seven days are believed, and when it
is urgent, a tenth of what is left, at least three hours. Meanwhile it is \`held-back\` (\`limits/asked-to-wait\`). A
forced run asks all the same.

**The ledger** counts what the CA counts, in the same way: buckets that fill up again one by one. Until there is room it
is \`held-back\` (\`limits/ledger-full\`), with the instant. Let's Encrypt's figures:

| what | at most | filled up again | under \`acme.limits\` |
| --- | --- | --- | --- |
${limits()}

What replaces another inside the CA's window needs no room in any of them, and what has the hosts of one that was issued
in the last 120 days only in the first. For a CA that is not known here, only the first counts, and for renewals too;
\`acme.limits\` changes that. What others issue for the same domain is not known: then the CA says no, and its time is
kept to.

**An account that is paused** by the CA is \`acme/account-paused\`, with the page on which to lift it.

*Held back* is no failure for a renewal while what is installed is good: until a tenth of the life has passed since its
point, or the last guard. For what somebody has changed or asked for, or what is missing, it is a failure.

## Choosing a schedule

Without a \`schedule\`, the construct takes the rate above that fits the shortest-lived profile of the configuration: a
run comes by while each window is open, also after lifetimes have shrunk. A slower one works, with a warning: certificates
are then renewed after their window, and that counts for the CA's limits. More than a tenth of a life between two runs is
refused, so that there are three runs between a point and the end of the certificate. A revoked certificate is replaced
by the first run that hears of it: within the interval and what Retry-After said before.
`
}
