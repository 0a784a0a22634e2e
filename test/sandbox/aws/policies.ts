/**
 * IAM's judgement of a call by the policies of one role. Evaluation is a simulator's, action names and resource types
 * are a data package's; only the mapping from a call to its action and resources is the sandbox's own.
 */
import { isWildcardOnlyAction, runSimulation } from '@cloud-copilot/iam-simulate'
import { ACCOUNT, type Call } from './service.ts'

export interface Policy {
  readonly name: string
  readonly document: { readonly Statement: readonly Statement[] }
}

export interface Statement {
  readonly Sid?: string
  readonly Action: string | readonly string[]
  readonly Resource: string | readonly string[]
  readonly [key: string]: unknown
}

export type Judged = Required<Pick<Call, 'action' | 'resources' | 'conditions'>>
export type Judge = (call: Judged) => Promise<boolean>

/** @throws Error for an action, a resource or a policy that is none: nothing is allowed or denied by mistake */
export function judgeBy(policies: readonly Policy[]): Judge {
  return async ({ action, resources, conditions }) => {
    if (resources.length === 0) throw new Error(`${action} is about no resource`)
    const [service = '', name = ''] = action.split(':')
    if (resources.includes('*') && !(await isWildcardOnlyAction(service, name)))
      throw new Error(`${action} is about a resource, and the sandbox does not say which`)
    for (const resource of resources) if (!(await isAllowed(action, resource, conditions))) return false
    return true
  }

  async function isAllowed(
    action: string,
    resource: string,
    conditions: Judged['conditions'],
  ): Promise<boolean> {
    const judged = await runSimulation(
      {
        request: {
          principal: `arn:aws:iam::${ACCOUNT}:role/rotator`,
          action,
          resource: { resource, accountId: ACCOUNT },
          contextVariables: structuredClone(conditions) as Record<string, string | string[]>,
        },
        identityPolicies: policies.map(({ name, document }) => ({ name, policy: document })),
        serviceControlPolicies: [],
        resourceControlPolicies: [],
      },
      {},
    )
    if (judged.resultType === 'error')
      throw new Error(
        `${action} on ${resource} cannot be judged: ${JSON.stringify(judged.errors).slice(0, 500)}`,
      )
    if (judged.resultType === 'single' && (judged.result.ignoredContextKeys ?? []).length > 0)
      throw new Error(
        `${action} knows no condition key ${judged.result.ignoredContextKeys?.join(', ')}: a policy would not see it`,
      )
    return judged.overallResult === 'Allowed'
  }
}
