/**
 * From a configuration to what the function may do: these statements and nothing else. Pure. `docs/permissions.md` is
 * generated from them.
 */
import type { Config } from '../lambda/domain/config.ts'
import type { Target } from '../lambda/domain/model.ts'
import { type AwsScope, storePath } from '../lambda/domain/names.ts'
import { TARGET_KINDS, type TargetKind, type TargetKinds } from '../lambda/domain/targets.ts'
import { dnsPermissions } from './dns-permissions.ts'
import { ANY_ONLY, chunks, type FunctionScope, PAGE, type Permission } from './permission.ts'
import { statePermissions } from './state-permissions.ts'

/** A managed policy of 6,144 characters always holds the ARNs of this many targets. */
export const TARGETS_A_STATEMENT = 40

/** @param kinds the kinds of target that may be in the configuration */
export function permissionsOf(
  config: Config,
  scope: FunctionScope,
  kinds: TargetKinds = TARGET_KINDS,
): Permission[] {
  const targets = config.certificates.flatMap((certificate) => certificate.targets)
  const used = kinds.filter(({ kind }) => targets.some((target) => target.kind === kind))
  return [
    ...used.flatMap((kind) => targetPermissions(kind, targets, scope)),
    ...(used.some(({ store }) => store === 'iam') ? iamStore(scope) : []),
    ...dnsPermissions(config, scope),
    ...statePermissions(config, scope),
    logs(scope),
  ]
}

function targetPermissions(kind: TargetKind, targets: readonly Target[], scope: AwsScope): Permission[] {
  const own = targets.filter((target) => target.kind === kind.kind)
  return kind.permissions.flatMap((permission): Permission[] => {
    const { sid, actions, why, page } = permission
    if (!permission.resource)
      return [{ sid, actions, resources: ['*'], why, wide: { because: ANY_ONLY, page } }]
    const arns = own.map((target) => permission.resource?.(target, scopeOf(target, scope)) ?? '*')
    return chunks([...new Set(arns)].sort(), TARGETS_A_STATEMENT).map((resources, at) => {
      return { sid: `${sid}${at + 1}`, actions, resources, why }
    })
  })
}

function scopeOf({ region }: Target, scope: AwsScope): AwsScope {
  return region === null ? scope : { ...scope, region }
}

function iamStore({ partition, region, account, deployment }: FunctionScope): Permission[] {
  const certificates = `arn:${partition}:iam::${account}:server-certificate`
  return [
    {
      sid: 'ListCertificates',
      actions: ['iam:ListServerCertificates', 'iam:GetAccountSummary'],
      resources: ['*'],
      why: 'finds the stored certificates, and how much of the quota is used',
      wide: { because: ANY_ONLY, page: PAGE.iam },
    },
    {
      sid: 'ReadCertificates',
      actions: ['iam:GetServerCertificate'],
      resources: [`${certificates}/*`],
      why: 'reads the public part of the certificate that a listener has; IAM never returns a private key',
      wide: { because: 'a listener can have a certificate with any name, and it changes', page: PAGE.iam },
    },
    {
      sid: 'StoreCertificates',
      actions: ['iam:UploadServerCertificate', 'iam:TagServerCertificate', 'iam:DeleteServerCertificate'],
      resources: [`${certificates}${storePath(region, deployment)}*`],
      why: "stores new certificates under the deployment's own path, with their specification as tags, and deletes the ones that they superseded",
    },
  ]
}

function logs({ logGroupArn }: FunctionScope): Permission {
  return {
    sid: 'WriteLogs',
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [logGroupArn],
    why: 'writes to the log group of the function',
  }
}
