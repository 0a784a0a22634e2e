/**
 * Everything that is logged, one JSON object a line. A new event without a row here does not compile;
 * `docs/events.md` is generated from this table. Private keys, tokens and challenge values are in none of them.
 */
import * as z from 'zod'

export type Level = 'info' | 'warn' | 'error'

const certId = z.string().describe('name of the entry')
const listener = z.string().describe('load balancer and port')
const serial = z.string().describe('serial number of the new certificate, in hexadecimal')
const instant = z.string().describe('timestamp in UTC')
const count = z.int()
const error = z.object({
  code: z.string().describe('see docs/errors.md'),
  message: z.string(),
  hint: z.string(),
  facts: z.record(z.string(), z.unknown()),
})

const action = z.object({
  kind: z.enum(['clean-up', 'delete', 'undo', 'issue', 'attach', 'verify']),
  certId,
  listener: listener.optional(),
  name: z.string().optional().describe('name of a stored certificate'),
  replaces: z
    .string()
    .nullable()
    .optional()
    .describe('ARI identifier of the certificate that the order names'),
  restore: z
    .string()
    .nullable()
    .optional()
    .describe('ARN of the certificate to put back if the listener breaks; null when none is known to work'),
  wasBroken: z.boolean().optional().describe('the listener is broken already'),
  reason: z.string(),
  detail: z.string(),
})

export const EVENTS = {
  'run.started': row('info', 'a run begins', {
    deployment: z.string(),
    only: z.array(z.string()).nullable(),
    force: z.boolean(),
    dryRun: z.boolean(),
  }),
  'config.warned': row('warn', 'the configuration is valid, but something in it needs attention', {
    message: z.string(),
  }),
  'plan.made': row('info', 'the plan of a pass: what it is going to do, and why it leaves the rest alone', {
    pass: count,
    actions: z.array(action),
    heldBack: z.array(z.object({ certId, code: z.string(), message: z.string() })),
    statuses: z.array(z.object({ certId, state: z.string(), detail: z.string() })),
    kept: z
      .array(z.object({ certId, name: z.string(), why: z.string() }))
      .describe('stored certificates that are not in use and are not deleted'),
  }),
  'run.yielded': row('info', 'another run holds the lease, so this one does nothing; this is not a failure', {
    until: instant.describe('when the lease of the other run expires'),
  }),
  'state.unread': row(
    'warn',
    'the state table, or an item in it, could not be read; the run continues from what AWS shows',
    { error },
  ),
  'listener.unreachable': row(
    'warn',
    'a listener could not be probed, so the run relies on what the AWS API reports',
    {
      certId,
      listener,
      failure: z.string(),
    },
  ),
  'store.unread': row(
    'warn',
    'IAM refused to show what a listener has attached; while the listener can be reached, the run relies on what it serves',
    { certId, listener, error },
  ),
  'schedule.outpaced': row(
    'warn',
    "a certificate's renewal window is shorter than the interval between runs; deploy a faster schedule",
    { certId, windowHours: z.number(), intervalHours: z.number() },
  ),
  'quota.unread': row('warn', 'the IAM quota for server certificates could not be read', { error }),
  'renewal.advised': row('info', 'the CA gave a renewal window for a certificate, or changed it', {
    certId,
    start: instant,
    end: instant,
    explanation: z.string().optional().describe('page of the CA that explains it'),
  }),
  'renewal.unknown': row(
    'info',
    'the CA gave no renewal window for a certificate; the previous one, or else the default window, applies',
    {
      certId,
      why: z.string(),
      askAfter: instant.describe('the first run after this time asks again'),
    },
  ),
  'cert.due': row('info', 'a certificate is due, and a new one is going to be ordered', {
    certId,
    reason: z.string(),
    detail: z.string(),
    hosts: z.array(z.string()),
  }),
  'cert.cleaned-up': row('info', 'what an earlier run left behind was removed', {
    certId,
    detail: z.string(),
  }),
  'order.resumed': row('info', 'the order of an earlier run is resumed', {
    certId,
    order: z.string().describe('URL'),
    status: z.string(),
  }),
  'order.dropped': row('warn', 'an order is discarded with its key', {
    certId,
    order: z.string().describe('URL'),
    why: z.string(),
  }),
  'replacement.refused': row(
    'warn',
    'the CA refused the order with the certificate that it replaces; the order was placed without naming it',
    { certId, why: z.string() },
  ),
  'challenge.presented': row('info', 'challenge values were written to a zone', {
    zone: z.string(),
    names: z.array(z.string()),
  }),
  'challenge.synced': row('info', 'all Route53 servers have the challenge values', {
    names: count.describe('number of record names'),
  }),
  'challenge.seen': row('info', 'the CA has validated every challenge of a certificate', { certId }),
  'cert.issued': row('info', 'the CA delivered a certificate', {
    certId,
    serial,
    issuer: z.string(),
    notAfter: instant,
  }),
  'cert.stored': row('info', 'the certificate is in the store', { certId, serial, name: z.string() }),
  'cert.spreading': row(
    'info',
    'the load balancer does not know the certificate yet; attaching it is tried again',
    {
      certId,
      listener,
    },
  ),
  'cert.attached': row('info', 'the certificate was attached to a listener', { certId, listener, serial }),
  'cert.verifying': row('info', 'a listener still serves the previous certificate; it is probed again', {
    certId,
    listener,
  }),
  'cert.verified': row('info', 'a listener serves the certificate, or cannot be reached from here', {
    certId,
    listener,
    serial,
    seen: z.boolean().describe('false: the listener cannot be reached, and only the AWS API confirms it'),
  }),
  'cert.rejected': row(
    'error',
    'a listener broke with the certificate, and its previous one was attached again',
    {
      certId,
      listener,
      serial,
      failure: z.string(),
    },
  ),
  'cert.pruned': row('info', 'a certificate that is no longer needed was deleted', {
    certId,
    name: z.string(),
    reason: z.string(),
  }),
  'cert.kept': row(
    'warn',
    'a certificate that is no longer needed was not deleted, because something uses it',
    {
      certId,
      name: z.string(),
      why: z.string().describe('message from IAM'),
    },
  ),
  'cert.postponed': row('warn', 'there was no time left for a certificate; it goes first in the next run', {
    certId,
  }),
  'cert.failed': row('error', 'something failed for a certificate; the run continues with the others', {
    certId,
    error,
    since: instant.optional().describe('first of the consecutive runs that failed for it'),
    runs: count.optional().describe('number of consecutive runs that failed for it, including this one'),
  }),
  'run.failed': row('error', 'something failed that does not belong to one certificate', { error }),
  'run.finished': row('info', 'a run ends; each run logs exactly one, also when it fails', {
    ok: z.boolean(),
    dryRun: z.boolean(),
    durationMs: count,
    counts: z.record(z.string(), count).describe('certificates by outcome'),
    outcomes: z.array(z.object({ certId, state: z.string(), detail: z.string() })),
    soonestExpiryDays: z.number().nullable().describe('days until the first installed certificate expires'),
  }),
} as const

function row<S extends z.ZodRawShape>(level: Level, means: string, fields: S) {
  return { level, means, fields: z.object(fields) }
}

export type EventName = keyof typeof EVENTS
export type RotationEvent = {
  [N in EventName]: { readonly event: N } & z.infer<(typeof EVENTS)[N]['fields']>
}[EventName]

/** Where events go. */
export type Emit = (event: RotationEvent) => void

/** An event as it is written: with its level and the run it belongs to. */
export type LoggedEvent = RotationEvent & {
  readonly runId: string
  readonly level: Level
  readonly at: string
}
