/** What a cloud assembly deploys, read from its template and assets alone: the function, and the policies of its role. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Policy } from '../../sandbox/aws/policies.ts'
import { ACCOUNT } from '../../sandbox/aws/service.ts'
import { REGION } from '../../sandbox/sandbox.ts'

export interface DeployedFunction {
  /** The unpacked asset. */
  readonly folder: string
  /** `file.export`. */
  readonly handler: string
  readonly environment: Readonly<Record<string, string>>
  readonly logGroupArn: string
  readonly logLevel: string
  readonly policies: readonly Policy[]
  readonly timeoutMs: number
  readonly tables: readonly string[]
}

interface Resource {
  readonly Type: string
  // biome-ignore lint/suspicious/noExplicitAny: a template's properties have no types
  readonly Properties: any
}

interface Asset {
  readonly source: { readonly path: string; readonly packaging: string }
}

/** @throws Error when there is not exactly one function, or something in the template is not understood */
export function readAssembly(directory: string, stack: string): DeployedFunction {
  const template = read<{ Resources: Readonly<Record<string, Resource>> }>(`${stack}.template.json`)
  const { files } = read<{ files: Readonly<Record<string, Asset>> }>(`${stack}.assets.json`)
  const resources = Object.entries(template.Resources)
  const functions = resources.filter(([, { Type }]) => Type === 'AWS::Lambda::Function')
  const [found] = functions
  if (!found || functions.length > 1) throw new Error(`${functions.length} functions in ${stack}`)
  const [, { Properties }] = found
  const asset = files[Properties.Code.S3Key.replace(/\.zip$/, '')]
  if (asset?.source.packaging !== 'zip') throw new Error(`no folder is the asset ${Properties.Code.S3Key}`)
  const [roleId] = Properties.Role['Fn::GetAtt'] as [string]
  expectTrust(template.Resources[roleId]?.Properties.AssumeRolePolicyDocument)
  return {
    folder: join(directory, asset.source.path),
    handler: Properties.Handler,
    environment: resolve(Properties.Environment.Variables) as Record<string, string>,
    logGroupArn: arnOf(Properties.LoggingConfig.LogGroup.Ref),
    logLevel: Properties.LoggingConfig.ApplicationLogLevel,
    policies: storable(policiesOf(roleId)),
    timeoutMs: Properties.Timeout * 1_000,
    tables: resources.flatMap(([, { Type, Properties: table }]) =>
      Type === 'AWS::DynamoDB::Table' ? [table.TableName] : [],
    ),
  }

  function read<T>(file: string): T {
    return JSON.parse(readFileSync(join(directory, file), 'utf8')) as T
  }

  /** Inline ones, and every kind of policy that a template can hang on a role. */
  function policiesOf(roleId: string): Policy[] {
    const role = template.Resources[roleId]?.Properties
    const managed = (role.ManagedPolicyArns ?? []) as { Ref?: string }[]
    const documents = [
      ...(role.Policies ?? []).map((one: { PolicyName: string; PolicyDocument: unknown }) => [
        one.PolicyName,
        one.PolicyDocument,
      ]),
      ...managed.map(({ Ref = '' }) => [Ref, template.Resources[Ref]?.Properties.PolicyDocument]),
      ...resources
        .filter(([, { Type, Properties: policy }]) => Type === 'AWS::IAM::Policy' && isOn(policy.Roles))
        .map(([id, { Properties: policy }]) => [id, policy.PolicyDocument]),
    ]
    return documents.map(([name, document]) => ({
      name,
      document: resolve(document) as Policy['document'],
    }))

    function isOn(roles: readonly { Ref: string }[] = []): boolean {
      return roles.some(({ Ref }) => Ref === roleId)
    }
  }

  function resolve(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(resolve)
    if (typeof value !== 'object' || value === null) return value
    const [[key = '', inner] = []] = Object.entries(value)
    if (key === 'Ref') return refOf(inner as string)
    if (key === 'Fn::GetAtt' && (inner as string[])[1] === 'Arn') return arnOf((inner as string[])[0] ?? '')
    if (key === 'Fn::Join') {
      const [glue, parts] = inner as [string, unknown[]]
      return parts.map(resolve).join(glue)
    }
    if (key.startsWith('Fn::')) throw new Error(`${key} is not understood`)
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, resolve(one)]))
  }

  function arnOf(id: string): string {
    const type = template.Resources[id]?.Type
    if (type === 'AWS::Logs::LogGroup') return `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${id}:*`
    throw new Error(`the ARN of ${id}, ${type}, is not understood`)
  }
}

/** Lambda, and nobody else. */
function expectTrust(document: unknown): void {
  const wanted = {
    Statement: [
      { Action: 'sts:AssumeRole', Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' } },
    ],
    Version: '2012-10-17',
  }
  if (JSON.stringify(document) !== JSON.stringify(wanted))
    throw new Error(`the function's role is for somebody else: ${JSON.stringify(document)}`)
}

/**
 * As IAM stores them: the first is the role's own, the others are managed ones.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
function storable(policies: Policy[]): Policy[] {
  if (policies.length > 11) throw new Error(`${policies.length - 1} managed policies`)
  for (const [at, { name, document }] of policies.entries()) {
    const size = JSON.stringify(document).length
    if (size > (at === 0 ? 10_240 : 6_144)) throw new Error(`the policy ${name} has ${size} characters`)
    const sids = document.Statement.map(({ Sid = '' }) => Sid)
    if (new Set(sids).size < sids.length || !sids.every((sid) => /^[A-Za-z0-9]+$/.test(sid)))
      throw new Error(`the policy ${name} has Sids that IAM refuses: ${sids.join(', ')}`)
    if ((document as { Version?: string }).Version !== '2012-10-17') throw new Error(`${name} has no version`)
  }
  return policies
}

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': REGION,
  'AWS::AccountId': ACCOUNT,
  'AWS::URLSuffix': 'amazonaws.com',
}

function refOf(name: string): string {
  const value = PSEUDO[name]
  if (value === undefined) throw new Error(`a reference to ${name} is not understood`)
  return value
}
