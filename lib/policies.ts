/** Statements divided over the policies of one role, within IAM's limits. */
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { RotationError } from '../lambda/domain/rotation-error.ts'
import type { FunctionScope, Permission } from './permission.ts'

/**
 * Characters of all inline policies of a role together, and of one managed policy; white space does not count.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
const INLINE_CHARACTERS = 10_240
const MANAGED_CHARACTERS = 6_144
/** The default quota of "Managed policies per role". */
const MANAGED_POLICIES = 10
const EMPTY_POLICY = JSON.stringify({ Version: '2012-10-17', Statement: [] }).length

/** The longest possible values: what the tokens of a template resolve to is known only at deployment. */
export const LONGEST_SCOPE: Omit<FunctionScope, 'deployment'> = {
  partition: 'aws-us-gov',
  region: 'ap-southeast-10',
  account: '1'.repeat(12),
  logGroupArn: `arn:aws-us-gov:logs:ap-southeast-10:${'1'.repeat(12)}:log-group:${'g'.repeat(255)}:*`,
}

export interface Policies {
  readonly inline: readonly string[]
  readonly managed: readonly (readonly string[])[]
}

/**
 * Divide by first fit, in the order given: the inline policy, then managed ones.
 *
 * @param sized statements as long as they can become
 * @returns sids by policy
 * @throws RotationError synth/too-many-names when a role cannot hold them
 */
export function divide(sized: readonly Permission[]): Policies {
  const bins: { sids: string[]; room: number }[] = [{ sids: [], room: INLINE_CHARACTERS - EMPTY_POLICY }]
  for (const permission of sized) {
    const characters = JSON.stringify(toStatement(permission).toStatementJson()).length + 1
    const open = bins.find(({ room }) => room >= characters)
    const bin = open ?? { sids: [], room: MANAGED_CHARACTERS - EMPTY_POLICY }
    if (!open) bins.push(bin)
    bin.sids.push(permission.sid)
    bin.room -= characters
  }
  const [inline, ...managed] = bins.map(({ sids }) => sids)
  if (managed.length > MANAGED_POLICIES) throw tooMany(sized, managed.length)
  return { inline: inline ?? [], managed }
}

export function toStatement({ sid, actions, resources, conditions }: Permission): PolicyStatement {
  return new PolicyStatement({
    sid,
    actions: [...actions],
    resources: [...resources],
    ...(conditions ? { conditions } : {}),
  })
}

function tooMany(permissions: readonly Permission[], needed: number): RotationError {
  const names = permissions.flatMap(({ conditions }) =>
    Object.entries(conditions?.['ForAllValues:StringEquals'] ?? {}).flatMap(([key, values]) =>
      key.endsWith('RecordNames') ? values : [],
    ),
  ).length
  const balancers = permissions
    .filter(({ sid }) => sid.startsWith('SwapCertificates'))
    .flatMap(({ resources }) => resources).length
  const what = `the permissions for ${names} challenge names and ${balancers} load balancers need ${needed} managed policies of ${MANAGED_CHARACTERS} characters beside the role's own, which holds ${INLINE_CHARACTERS}; a role may have ${MANAGED_POLICIES}`
  return new RotationError('synth/too-many-names', what, { names, balancers, needed })
}
