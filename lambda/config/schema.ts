/**
 * The shape of the configuration file: keys, types and what each is for. `docs/config.schema.json` is generated from it,
 * so that editors can complete it. Checks that need more than one key are in `entries.ts`.
 */
import * as z from 'zod'
import { DEFAULTS } from '../domain/defaults.ts'
import { KEY_TYPES } from '../domain/model.ts'
import { TARGET_KINDS, type TargetKinds } from '../domain/targets.ts'

/** The keys of an entry that do not depend on the kinds of target. */
const beforeTargets = {
  name: z
    .string()
    .min(1)
    // as long as the longest host, which is its default
    .max(253)
    .regex(/^\P{Cc}*$/u)
    .optional()
    .describe('Unique name; by default the first host.'),
  hosts: z
    .array(z.string())
    .min(1)
    .describe('DNS names of the certificate; a wildcard is written as *.example.com.'),
  key_type: z
    .enum(KEY_TYPES)
    .optional()
    .describe('rsa (2048, the default), rsa-3072, rsa-4096, ecdsa (P-256) or ecdsa-p384.'),
  profile: z
    .string()
    .min(1)
    .optional()
    .describe("ACME profile; by default that of acme.profile, or else the CA's choice."),
}
const afterTargets = {
  take_over: z
    .enum(['when_due', 'now'])
    .optional()
    .describe(
      'When to replace a certificate that this deployment did not create: when it is due (default), or now.',
    ),
  allow_staging: z
    .boolean()
    .optional()
    .describe('Allow a certificate of a staging CA to replace one that clients trust (default: false).'),
}

/** One target, under the key of its kind. Where there are several kinds, `entries.ts` sees that there is just one. */
function targetShape(kinds: TargetKinds): z.ZodObject {
  const [only, ...others] = kinds
  if (only && others.length === 0) return z.strictObject({ [only.configKey]: only.shape })
  return z.strictObject(optionalByKey(kinds)).meta({ minProperties: 1, maxProperties: 1 })
}

function optionalByKey(kinds: TargetKinds): Record<string, z.ZodOptional<z.ZodObject>> {
  return Object.fromEntries(kinds.map(({ configKey, shape }) => [configKey, shape.optional()]))
}

function entryShape(kinds: TargetKinds) {
  const targets = z.array(targetShape(kinds)).min(1).optional()
  return z.strictObject({
    ...beforeTargets,
    ...optionalByKey(kinds),
    targets: targets.describe('Several targets for the same certificate.'),
    ...afterTargets,
  })
}

const most = z.int().min(1)

export const limitsShape = z
  .strictObject({
    same_hosts_a_week: most.optional().describe('Certificates for exactly the same hosts in seven days.'),
    registered_domain_a_week: most
      .optional()
      .describe('Certificates for hosts under one registered domain in seven days.'),
    orders_in_three_hours: most.optional().describe('New orders in three hours.'),
    renewals_are_free: z
      .boolean()
      .optional()
      .describe(
        'Orders that replace a certificate in the window that the CA gave (ARI) count against none of these limits.',
      ),
  })
  .describe(
    "What the CA allows you. By default, the published limits of Let's Encrypt; for any other CA, only its first one.",
  )

const externalAccount = z
  .strictObject({
    key_id: z.string().min(1).describe('Key identifier from the CA.'),
    hmac_key_parameter: z
      .string()
      .max(1011)
      .regex(/^\/[A-Za-z0-9_.\-/]+$/)
      .describe('SSM parameter (SecureString) that contains the HMAC key from the CA, in base64url.'),
  })
  .describe('For CAs that create accounts for known customers only (external account binding).')

export const acmeShape = z.strictObject({
  directory_url: z
    .url({ protocol: /^https$/ })
    .optional()
    .describe(`ACME directory; ${DEFAULTS.directoryUrl} by default.`),
  contact: z
    .array(z.string().regex(/^mailto:[^@\s]+@[^@\s]+$/))
    .optional()
    .describe('mailto: addresses, for CAs that require one.'),
  profile: z.string().min(1).optional().describe('ACME profile of each entry that does not name one.'),
  root_certificates: z
    .string()
    .min(1)
    .optional()
    .describe('PEM file beside this one with the roots to trust for the TLS connection to the directory.'),
  staging: z
    .boolean()
    .optional()
    .describe('Clients do not trust this CA (always true for known staging CAs).'),
  external_account: externalAccount.optional(),
  limits: limitsShape.optional(),
})

function documentShape(entry: ReturnType<typeof entryShape>) {
  return z.strictObject({
    $schema: z.string().optional(),
    acme: acmeShape.optional(),
    dns: z
      .strictObject({
        zones: z
          .array(
            z.strictObject({
              name: z.string().describe('Name of the public hosted zone.'),
              id: z
                .string()
                .regex(/^(\/hostedzone\/)?Z[A-Z0-9]{1,31}$/)
                .describe('Id of the zone in Route53.'),
            }),
          )
          .optional()
          .describe('Zones to use for the hosts below them, instead of looking them up.'),
      })
      .optional(),
    certificates: z.array(entry).min(1).describe('The certificates to keep fresh.'),
  })
}

/** The shapes of the file, for these kinds of target. */
export function shapesFor(kinds: TargetKinds) {
  const entry = entryShape(kinds)
  return { entry, list: z.array(entry).min(1), document: documentShape(entry) }
}

type FixedKeys = z.infer<z.ZodObject<typeof beforeTargets & typeof afterTargets>>
/** The keys of the kinds are read by their rows. */
export type EntryShape = FixedKeys & {
  readonly targets?: readonly Readonly<Record<string, unknown>>[] | undefined
} & Readonly<Record<string, unknown>>
export type DocumentShape = z.infer<ReturnType<typeof documentShape>>

/** The published JSON Schema: the list of old, or the object. */
export function jsonSchema(kinds: TargetKinds = TARGET_KINDS): object {
  const shapes = shapesFor(kinds)
  const { $schema, ...object } = z.toJSONSchema(shapes.document) as Record<string, unknown>
  const { $schema: _, ...list } = z.toJSONSchema(shapes.list) as Record<string, unknown>
  return { $schema, title: 'elb-cert-rotator configuration', anyOf: [object, list] }
}
