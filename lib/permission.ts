/** One statement of the role's policies, with the reason for it. */

import type { AwsScope } from '../lambda/domain/names.ts'

/** Where the function runs; each may be a token. */
export interface FunctionScope extends AwsScope {
  readonly deployment: string
  readonly logGroupArn: string
}

export interface Permission {
  /** Says what it is for; unique in the whole. */
  readonly sid: string
  readonly actions: readonly string[]
  readonly resources: readonly string[]
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>
  readonly why: string
  /** When a `*` remains: why there is nothing narrower, and the page that says so. */
  readonly wide?: { readonly because: string; readonly page: string }
}

/** The service authorization pages: actions of a service, and the types of resource that each supports. */
export const PAGE = {
  iam: 'https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html',
  route53: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/list_amazonroute53.html',
}
export const ANY_ONLY = 'the action does not support resource-level permissions'

export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  )
}
