/**
 * Everything that is logged, one JSON object a line. A new event without a row here does not compile;
 * `docs/events.md` is generated from this table. Private keys, tokens and challenge values are in none of them.
 */
import * as z from 'zod'

export type Level = 'info' | 'warn' | 'error'

const certId = z.string().describe('name of the entry')
const listener = z.string().describe('load balancer and port')
const serial = z.string().describe('serial of the new certificate, hex')
const instant = z.string().describe('instant in UTC')
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
  name: z.string().optional().describe('of a stored certificate'),
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
  'config.warned': row('warn', 'the configuration is right, but something in it is worth saying', {
    message: z.string(),
  }),
  'plan.made': row('info', 'what a pass is going to do, and why it leaves the rest', {
    pass: count,
    actions: z.array(action),
    heldBack: z.array(z.object({ certId, code: z.string(), message: z.string() })),
    statuses: z.array(z.object({ certId, state: z.string(), detail: z.string() })),
    kept: z
      .array(z.object({ certId, name: z.string(), why: z.string() }))
      .describe('stored certificates beside those in force that are not pruned'),
  }),
  'run.yielded': row('info', 'another run acts; this one does nothing, and that is well', {
    until: instant.describe("when the other run's lease ends"),
  }),
  'state.unread': row(
    'warn',
    'the table could not be used, or something in it not be read; the run goes on from what AWS shows',
    { error },
  ),
  'listener.unreachable': row('warn', 'a listener could not be probed; what the API says counts', {
    certId,
    listener,
    failure: z.string(),
  }),
  'store.unread': row(
    'warn',
    'IAM refused to show what a listener has; what is served tells it as long as the listener can be reached',
    { certId, listener, error },
  ),
  'schedule.outpaced': row(
    'warn',
    "a certificate's renewal window is shorter than the time between runs; deploy a faster schedule",
    { certId, windowHours: z.number(), intervalHours: z.number() },
  ),
  'quota.unread': row('warn', "how full IAM's store of server certificates is could not be asked", { error }),
  'renewal.advised': row('info', 'the CA said when it wants a certificate replaced, or changed its mind', {
    certId,
    start: instant,
    end: instant,
    explanation: z.string().optional().describe("a page of the CA's"),
  }),
  'renewal.unknown': row(
    'info',
    'the CA did not say when it wants a certificate replaced; our own window counts',
    {
      certId,
      why: z.string(),
      askAfter: instant.describe('it is asked again by the first run after that'),
    },
  ),
  'cert.due': row('info', 'a new certificate is going to be ordered', {
    certId,
    reason: z.string(),
    detail: z.string(),
    hosts: z.array(z.string()),
  }),
  'cert.cleaned-up': row('info', 'what an earlier run left behind was removed', {
    certId,
    detail: z.string(),
  }),
  'order.resumed': row('info', 'the order of an earlier run is gone on with', {
    certId,
    order: z.string().describe('URL'),
    status: z.string(),
  }),
  'order.dropped': row('warn', 'the order of an earlier run is given up', {
    certId,
    order: z.string().describe('URL'),
    why: z.string(),
  }),
  'replacement.refused': row(
    'warn',
    'the CA would not hear which certificate the new one replaces; it was ordered without saying so',
    { certId, why: z.string() },
  ),
  'challenge.presented': row('info', 'challenge values were written to a zone', {
    zone: z.string(),
    names: z.array(z.string()),
  }),
  'challenge.synced': row('info', "all of Route53's servers have the challenge values", {
    names: count.describe('how many record names'),
  }),
  'challenge.seen': row('info', 'the CA has seen every value of a certificate', { certId }),
  'cert.issued': row('info', 'the CA delivered a certificate', {
    certId,
    serial,
    issuer: z.string(),
    notAfter: instant,
  }),
  'cert.stored': row('info', 'the certificate is in the store', { certId, serial, name: z.string() }),
  'cert.spreading': row(
    'info',
    'the load balancer does not know the certificate yet; the swap is tried again',
    {
      certId,
      listener,
    },
  ),
  'cert.attached': row('info', 'a listener points at the certificate', { certId, listener, serial }),
  'cert.verifying': row('info', 'a listener still serves the previous certificate; it is looked at again', {
    certId,
    listener,
  }),
  'cert.verified': row('info', 'a listener serves the certificate, or cannot be reached from here', {
    certId,
    listener,
    serial,
    seen: z.boolean().describe('false: not reachable, so that the API alone says it'),
  }),
  'cert.rejected': row('error', 'a listener broke with the certificate, and has its previous one back', {
    certId,
    listener,
    serial,
    failure: z.string(),
  }),
  'cert.pruned': row('info', 'a certificate that is needed no more is deleted', {
    certId,
    name: z.string(),
    reason: z.string(),
  }),
  'cert.kept': row('warn', 'a certificate that is needed no more stays, because something uses it', {
    certId,
    name: z.string(),
    why: z.string().describe("IAM's words"),
  }),
  'cert.postponed': row('warn', 'there was no time left for it; it goes first in the next run', { certId }),
  'cert.failed': row('error', 'something failed for a certificate; the others go on', {
    certId,
    error,
    since: instant
      .optional()
      .describe('first of the runs that failed for it without one between them that did not'),
    runs: count.optional().describe('how many of them there were, this one included'),
  }),
  'run.failed': row('error', 'something failed that is no single certificate', { error }),
  'run.finished': row('info', 'a run ends; there is exactly one, also after a failure', {
    ok: z.boolean(),
    dryRun: z.boolean(),
    durationMs: count,
    counts: z.record(z.string(), count).describe('certificates by outcome'),
    outcomes: z.array(z.object({ certId, state: z.string(), detail: z.string() })),
    soonestExpiryDays: z.number().nullable().describe('days until the first installed certificate ends'),
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
