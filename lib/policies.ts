/** Statements divided over the policies of one role, within IAM's limits. */
import { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { RotationError } from '../lambda/errors.ts'
import type { Permission, Place } from './permissions.ts'

/**
 * Characters of all inline policies of a role together, and of one managed policy; white space does not count.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
const INLINE_CHARACTERS = 10_240
const MANAGED_CHARACTERS = 6_144
/** "Managed policies per role", as it is before anybody asks for more. */
const MANAGED_POLICIES = 10
const EMPTY_POLICY = JSON.stringify({ Version: '2012-10-17', Statement: [] }).length

/** The longest there are: what a template holds in their place is only known when it is deployed. */
export const LONGEST_PLACE: Omit<Place, 'deployment'> = {
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
 * First fit, in the order given: the inline policy, then managed ones.
 *
 * @param sized statements as long as they can become
 * @returns sids by policy
 * @throws RotationError synth/too-many-names when a role cannot hold them
 */
export function divide(sized: readonly Permission[]): Policies {
  const bins = [
    { sids: [] as string[], room: INLINE_CHARACTERS - EMPTY_POLICY },
    ...Array.from({ length: MANAGED_POLICIES }, () => ({
      sids: [] as string[],
      room: MANAGED_CHARACTERS - EMPTY_POLICY,
    })),
  ]
  for (const permission of sized) {
    const characters = JSON.stringify(toStatement(permission).toStatementJson()).length + 1
    const bin = bins.find(({ room }) => room >= characters)
    if (!bin) throw tooMany(sized)
    bin.sids.push(permission.sid)
    bin.room -= characters
  }
  const [inline, ...managed] = bins.map(({ sids }) => sids)
  return { inline: inline ?? [], managed: managed.filter((sids) => sids.length > 0) }
}

export function toStatement({ sid, actions, resources, conditions }: Permission): PolicyStatement {
  return new PolicyStatement({
    sid,
    actions: [...actions],
    resources: [...resources],
    ...(conditions ? { conditions } : {}),
  })
}

function tooMany(permissions: readonly Permission[]): RotationError {
  const names = permissions.flatMap(({ conditions }) =>
    Object.entries(conditions?.['ForAllValues:StringEquals'] ?? {}).flatMap(([key, values]) =>
      key.endsWith('RecordNames') ? values : [],
    ),
  )
  const size = permissions
    .map((permission) => JSON.stringify(toStatement(permission).toStatementJson()).length + 1)
    .reduce((sum, one) => sum + one, 0)
  const room = INLINE_CHARACTERS + MANAGED_POLICIES * MANAGED_CHARACTERS
  const what = `the permissions for ${names.length} challenge names take ${size} characters; one role holds ${room}, in ${MANAGED_POLICIES} managed policies of ${MANAGED_CHARACTERS} and ${INLINE_CHARACTERS} of its own`
  return new RotationError('synth/too-many-names', what, { names: names.length, size, room })
}
