/** The function's role: the permissions of its configuration, divided over policies, with a reason for each `*`. */
import { Stack, Token, Validations } from 'aws-cdk-lib'
import { ManagedPolicy, PolicyDocument, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import type { ILogGroup } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'
import type { Config } from '../lambda/domain/config.ts'
import type { FunctionScope, Permission } from './permission.ts'
import { permissionsOf } from './permissions.ts'
import { divide, LONGEST_SCOPE, toStatement } from './policies.ts'

/** @throws RotationError synth/too-many-names */
export function addRole(holder: Construct, config: Config, deployment: string, logGroup: ILogGroup): Role {
  const { partition, region, account } = Stack.of(holder)
  const scope = { partition, region, account, deployment, logGroupArn: logGroup.logGroupArn }
  const permissions = new Map(permissionsOf(config, scope).map((one) => [one.sid, one]))
  const of = (sids: readonly string[]) => sids.flatMap((sid) => permissions.get(sid) ?? [])
  const document = (sids: readonly string[]) =>
    new PolicyDocument({ statements: of(sids).map((one) => toStatement(one)) })

  const { inline, managed } = divide(permissionsOf(config, { ...LONGEST_SCOPE, deployment }))
  const role = new Role(holder, 'Role', {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    inlinePolicies: { rotate: document(inline) },
  })
  acknowledge(role, of(inline), scope)
  managed.forEach((sids, at) => {
    const policy = new ManagedPolicy(holder, `Policy${at + 1}`, { document: document(sids) })
    acknowledge(policy, of(sids), scope)
    role.addManagedPolicy(policy)
  })
  return role
}

/** For teams that run cdk-nag: acknowledges each resource with a `*`, by its name there, with the reason. */
function acknowledge(holder: Construct, permissions: readonly Permission[], scope: FunctionScope): void {
  const shown = (text: string) =>
    (['partition', 'region', 'account'] as const).reduce(
      (shorter, key) =>
        Token.isUnresolved(scope[key]) ? shorter.replaceAll(scope[key], PSEUDO[key]) : shorter,
      text,
    )
  for (const { resources, why, wide } of permissions)
    for (const resource of resources.filter((one) => one.endsWith('*') && one !== scope.logGroupArn))
      Validations.of(holder).acknowledge({
        id: `AwsSolutions-IAM5[Resource::${shown(resource)}]`,
        reason: wide?.because ?? why,
      })
}

const PSEUDO = { partition: '<AWS::Partition>', region: '<AWS::Region>', account: '<AWS::AccountId>' }
