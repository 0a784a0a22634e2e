/**
 * The kinds of target, one row each: how a target is written in the configuration, what it is called, where its
 * certificate is stored, and which actions in IAM it needs. `lambda/README.md` says what adding a kind takes.
 */
import * as z from 'zod'
import type { Target } from './model.ts'
import { type AwsScope, classicLoadBalancerArn } from './names.ts'

/** Where keys and chains are kept. */
export type StoreName = 'iam'

/** What is wrong with a target as written, to follow its path. */
export interface TargetFault {
  readonly found: string
  readonly expected: string
}

/** IAM actions that a kind of target needs. */
export interface TargetPermission<T extends Target = Target> {
  /** Says what it is for; unique. */
  readonly sid: string
  readonly actions: readonly string[]
  readonly why: string
  /** @returns the ARN of what the actions touch; left out where AWS supports no resource-level permissions */
  resource?(target: T, scope: AwsScope): string
  /** The service authorization page of the actions. */
  readonly page: string
}

/** Methods rather than functions, so that a row of one kind fits among rows of any kind. */
export interface TargetKind<T extends Target = Target> {
  readonly kind: string
  /** The key that holds such a target in an entry of the configuration. */
  readonly configKey: string
  /** For people, singular. */
  readonly title: string
  /** What is under `configKey`. */
  readonly shape: z.ZodObject
  /** What a value that does not match the pattern of its key should be, by key. */
  readonly expected: Readonly<Record<string, string>>
  /** @param written what `shape` accepted */
  read(written: unknown): T | TargetFault
  /** @returns what `read` reads to the same target again */
  write(target: T): object
  readonly store: StoreName
  readonly permissions: readonly TargetPermission<T>[]
  /** What a user should know: what is checked, changed and left alone. Sentences of its page in `docs/targets/`. */
  readonly notes: readonly string[]
}

/** A listener of a classic load balancer. */
export interface ClassicListener extends Target {
  readonly kind: 'classic'
  readonly loadBalancer: string
  readonly port: number
}

export function classicListener(loadBalancer: string, port: number): ClassicListener {
  return { kind: 'classic', key: `${loadBalancer}:${port}`, region: null, loadBalancer, port }
}

const ELB_PAGE =
  'https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancing.html'

const classic: TargetKind<ClassicListener> = {
  kind: 'classic',
  configKey: 'elb',
  title: 'classic load balancer',
  shape: z
    .strictObject({
      name: z
        .string()
        .regex(/^[A-Za-z0-9-]{1,32}$/)
        .describe('Name of a classic load balancer in the region of the deployment.'),
      port: z
        .union([z.int().min(1).max(65_535), z.string().regex(/^[1-9][0-9]{0,4}$/)])
        .describe('Port of the listener, as a number or a string; by default 443.')
        .optional(),
    })
    .describe('A listener of a classic load balancer.'),
  expected: {
    name: 'the name of a load balancer: up to 32 letters, digits and hyphens',
    port: 'a port from 1 to 65535, as a number or a string',
  },
  read(written) {
    const { name, port: writtenPort = 443 } = written as { name: string; port?: number | string }
    const port = Number(writtenPort)
    if (port > 65_535) return { found: `port ${port}`, expected: 'a port from 1 to 65535' }
    return classicListener(name, port)
  },
  write: ({ loadBalancer, port }) => ({ name: loadBalancer, port }),
  store: 'iam',
  permissions: [
    {
      sid: 'FindLoadBalancers',
      actions: ['elasticloadbalancing:DescribeLoadBalancers'],
      why: 'reads which certificate each listener has',
      page: ELB_PAGE,
    },
    {
      sid: 'SwapCertificates',
      actions: ['elasticloadbalancing:SetLoadBalancerListenerSSLCertificate'],
      why: 'attaches a certificate to a listener of the load balancers in the configuration',
      resource: ({ loadBalancer }, scope) => classicLoadBalancerArn(scope, loadBalancer),
      page: ELB_PAGE,
    },
  ],
  notes: [
    'The listener must exist and use HTTPS or SSL, with any certificate to start with.',
    'Only the certificate of the listener is changed. Ciphers, policies and instances are never touched.',
    'A listener holds one certificate, so each listener belongs to one entry.',
  ],
}

export type TargetKinds = readonly TargetKind[]

export const TARGET_KINDS: TargetKinds = [classic]

/** @throws Error for a kind that has no row: the configuration is read by the same rows */
export function kindOf(target: Target, kinds: TargetKinds): TargetKind {
  const row = kinds.find(({ kind }) => kind === target.kind)
  if (!row) throw new Error(`no kind of target is called ${target.kind}`)
  return row
}
