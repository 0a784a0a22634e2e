/** Plans, progress and reports for people. */

import type { LoggedEvent } from '../lambda/domain/events.ts'
import { isFailure } from '../lambda/domain/model.ts'
import type { Report } from '../lambda/run/run.ts'

type PlanEvent = Extract<LoggedEvent, { event: 'plan.made' }>

/** One line an action and one for each certificate that is left as it is. */
export function planText({ actions, statuses, heldBack, kept }: PlanEvent): string {
  const held = new Map(heldBack.map(({ certId, code, message }) => [certId, `${message} (${code})`]))
  const issued = new Set(actions.filter(({ kind }) => kind === 'issue').map(({ certId }) => certId))
  const lines = [
    ...actions
      .filter(({ certId, kind }) => !held.has(certId) || kind === 'clean-up' || kind === 'delete')
      .map(({ kind, certId, listener, name, restore, reason, detail }) => {
        if (kind === 'delete') return row(kind, certId, `${name}, ${reason} ${detail}`)
        if (kind === 'issue' || kind === 'clean-up') return row(kind, certId, `${reason}: ${detail}`)
        // an attach that follows from an issue needs no reason of its own
        const why = issued.has(certId) ? '' : `, ${reason}: ${detail}`
        return row(
          kind,
          certId,
          `${kind === 'attach' ? 'to ' : ''}${listener}${why}${fallback(kind, restore)}`,
        )
      }),
    ...[...held].map(([certId, why]) => row('hold', certId, why)),
    ...statuses.map(({ certId, state, detail }) => row(WORD[state] ?? state, certId, detail)),
    ...kept.map(({ certId, name, why }) => row('stays', certId, `${name}: ${why}`)),
  ]
  return `plan:\n${lines.join('\n')}\n`
}

function fallback(kind: PlanEvent['actions'][number]['kind'], restore: string | null | undefined): string {
  if (!restore) return ''
  const name = restore.split('/').at(-1)
  return kind === 'undo' ? `; ${name} is put back` : `; if that breaks it, ${name} is put back`
}

const WORD: Readonly<Record<string, string>> = { settled: 'keep', 'held-back': 'hold' }

/** @returns no line for what the plan and the report show anyway */
export function progressLine(event: LoggedEvent): string[] {
  switch (event.event) {
    case 'config.warned':
      return [`warning: ${event.message}`]
    case 'listener.unreachable':
      return [
        `  ${event.certId}: ${event.listener} cannot be reached from here (${event.failure}); relying on what AWS reports`,
      ]
    case 'store.unread':
      return [
        `warning: ${event.certId}: ${event.error.message} (${event.error.code}); relying on what the listener serves`,
      ]
    case 'schedule.outpaced':
      return [
        `warning: ${event.certId}: its renewal window is ${event.windowHours} h, shorter than the ${event.intervalHours} h between runs`,
      ]
    case 'run.yielded':
      return [`another run of this deployment is active (its lease ends ${event.until}); nothing was done`]
    case 'state.unread':
      return [`warning: ${event.error.message} (${event.error.code})`]
    case 'order.resumed':
      return [`  ${event.certId}: resuming the order of an earlier run, which is ${event.status}`]
    case 'order.dropped':
      return [`  ${event.certId}: discarded an order and its key: ${event.why}`]
    case 'cert.cleaned-up':
      return [`  ${event.certId}: removed ${event.detail}`]
    case 'cert.pruned':
      return [`  ${event.certId}: deleted ${event.name}`]
    case 'cert.kept':
      return [`  ${event.certId}: ${event.name} stays: ${event.why}`]
    case 'quota.unread':
      return [`warning: ${event.error.message} (${event.error.code})`]
    case 'cert.due':
      return [`  ${event.certId}: due, for ${event.hosts.join(', ')}`]
    case 'challenge.presented':
      return [`  ${event.zone}: wrote ${names(event.names)}, waiting for Route53`]
    case 'challenge.synced':
      return ['  all Route53 servers have the challenge values, asking the CA to validate']
    case 'challenge.seen':
      return [`  ${event.certId}: the CA has validated the hosts`]
    case 'cert.issued':
      return [`  ${event.certId}: issued by ${event.issuer}, serial ${event.serial}`]
    case 'cert.stored':
      return [`  ${event.certId}: stored as ${event.name}`]
    case 'cert.spreading':
      return [`  ${event.certId}: ${event.listener} does not know the certificate yet, trying again`]
    case 'cert.attached':
      return [`  ${event.certId}: attached to ${event.listener}`]
    case 'cert.verifying':
      return [`  ${event.certId}: ${event.listener} still serves the previous certificate, looking again`]
    case 'cert.verified':
      return event.seen ? [`  ${event.certId}: ${event.listener} serves it`] : []
    case 'cert.rejected':
      return [
        `  ${event.certId}: ${event.listener} broke (${event.failure}); the previous certificate was put back`,
      ]
    default:
      return []
  }
}

export function reportText({ ok, outcomes, error }: Report, dryRun: boolean): string {
  const unchanged = dryRun ? 'dry run: nothing was changed\n' : ''
  if (dryRun && ok) return unchanged
  const lines = outcomes.map(({ state, certId, detail, errors }) =>
    errors.length === 0
      ? row(state, certId, detail)
      : [row(state, certId, ''), ...errors.flatMap(errorLines)].join('\n').trimEnd(),
  )
  const failed = outcomes.filter(isFailure).length
  const whole = count(outcomes.length)
  const good = error ? 'failed: see the error' : `ok: ${whole}`
  const end = failed > 0 ? `failed: ${failed} of ${whole}` : good
  return `report:\n${lines.join('\n')}\n${end}\n${unchanged}`
}

function errorLines(error: Report['outcomes'][number]['errors'][number]): string[] {
  return error
    .toText()
    .split('\n')
    .map((line) => `    ${line}`)
}

function row(word: string, certId: string, text: string): string {
  return `  ${word.padEnd(8)} ${certId}  ${text}`.trimEnd()
}

function names(list: readonly string[]): string {
  return list.length > 3 ? `${list.length} challenge names` : list.join(', ')
}

function count(number: number): string {
  return number === 1 ? '1 certificate' : `${number} certificates`
}
