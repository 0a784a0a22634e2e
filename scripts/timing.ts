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
    u urgent from ${unit} ${number(nearItsEndFrom(life))}   ! due in any case from ${unit} ${number(lastGuard(life))}
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
    ['certificates for hosts under one registered domain', 'registered_domain_a_week', registeredDomain],
    ['new orders of one account', 'orders_in_three_hours', orders],
  ]
    .map(([what, key, allowance]) => {
      const { most, perMs } = allowance as { most: number; perMs: number }
      return `| ${what} | ${most} in ${toSpan(perMs)} | one every ${toSpan(perMs / most)} | \`${key}\` |`
    })
    .join('\n')
}

export function timing(note: string): string {
  return `${note}
# Timing

When a certificate is renewed and why then, and what holds an order back. The numbers on this page come from the code.

## When a certificate is due

Each certificate has a renewal window. The CA gives the window if it supports ACME Renewal Information (RFC 9773), as
Let's Encrypt does. Otherwise the default window applies: from one percent before to one percent after two thirds of the
lifetime (half of it, if it is under ten days). Each certificate has a point in its window, derived from its serial
number, so that not all certificates are renewed in the same hour. A certificate is due

- when its point has passed, or the window is open and its point lies before the next run;
- when the window closes before the next run (then the runs are too far apart, and \`schedule.outpaced\` says so);
- at the last run before the last twentieth of the lifetime, and from then on, whatever the CA advises.

If the CA's window is over before the default window begins, the certificate is revoked or is going to be. Then it is
replaced at once, with the reason \`replace-early\` and the CA's page, if it gives one. No rule counts in days: the
lifetime is that of the issued certificate.

${LIVES.map(picture).join('\n')}
*Urgent* is the last tenth of the lifetime. From then on, a full ledger no longer holds an order back, although the CA
itself can still refuse.

The first run after an issuance asks the CA for its window. After that, runs ask as often as the CA wants (Let's Encrypt:
every six hours), but not more often than every minute and at least once a day. If the CA does not answer, the previous
window stays valid, and runs ask again after 1, 2, 4 minutes and so on. If the answer makes no sense, they ask again after
six hours: a window makes no sense if it ends before it starts, or ended more than a day before the certificate began.
What the CA says about one certificate is never applied to another. Runs do not ask about certificates that have expired,
that broke a listener, that were replaced by another one, or that another CA issued.

## The order

The order names the certificate that it replaces, if the same CA issued that certificate to the same account and for at
least one of the same hosts. If the CA refuses that (the certificate was replaced already, is unknown, or belongs to
another account), the order is placed once more without it, and \`replacement.refused\` has the reason. An urgent order
also leaves it out if the previous order failed. An unfinished order is resumed, because a second order for the same
predecessor would be refused.

A profile is requested only if the CA's directory lists it. If the CA withdraws it, the installed certificate stays, and
each run in which the certificate is due fails with [acme/profile-not-offered](errors.md#acmeprofile-not-offered) until
the configuration names another profile.

## What holds an order back

**Failed orders** ([limits/backing-off](errors.md#limitsbacking-off)). If the CA does not fulfill an order, the next
orders for that entry follow after ${steps()}, and then daily. As the installed certificate gets closer to
its expiry, the daily wait shrinks to a tenth of the remaining time, but not below three hours. The run that is closest to
that time places the order; on a daily schedule, that is every run. The outcome is \`failed\` all the while. If the entry
was changed, or a run is forced, the order is placed at once. Other failures (AWS, the network, a slow CA) are tried again
by every run.

**Retry-After** ([limits/asked-to-wait](errors.md#limitsasked-to-wait)). If the CA asks to wait, runs remember it, for at
most seven days. If the certificate is urgent, they wait for at most a tenth of the remaining time, but for at least three
hours. Meanwhile the outcome is \`held-back\`. A forced run does not wait.

**The ledger** ([limits/ledger-full](errors.md#limitsledger-full)) counts what the CA counts, in the same way: buckets
that are refilled one by one. Until there is room, the outcome is \`held-back\`, and the message says when there will be
room. The limits of Let's Encrypt:

| what | at most | refilled | key under \`acme.limits\` |
| --- | --- | --- | --- |
${limits()}

An order that replaces a certificate inside the CA's window counts against none of these limits. One with the same hosts
as a certificate that was issued in the last 120 days counts only against the first. For a CA that is not known here, only
the first limit applies, to renewals too; \`acme.limits\` changes that. What others order for the same domain is not
known: then the CA refuses, and runs wait until the time that it names.

**A paused account** is reported as [acme/account-paused](errors.md#acmeaccount-paused), with the page to unpause it.

An order that is held back is not a failure if it is a renewal and the installed certificate is good: until a tenth of the
lifetime has passed since its point, or until the last twentieth of the lifetime begins. It is a failure if somebody
changed the entry or forced a run, or if the certificate is missing.

## Choosing a schedule

Without a \`schedule\`, the construct uses the rate shown above for the shortest-lived profile in the configuration, so
that at least one run falls into each window, even after lifetimes have shrunk. A slower schedule works, with a warning:
certificates can then be renewed after their window, which counts against the CA's limits. Synth refuses a schedule that
leaves more than a tenth of a lifetime between two runs, so that there are at least three runs between a point and the
expiry. A revoked certificate is replaced by the first run that learns about it: after one interval at most, or after the
time that the CA's last Retry-After named.
`
}
