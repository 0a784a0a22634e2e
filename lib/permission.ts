/** One statement of the role's policies, with the reason for it. */

/** Where the function runs; each may be a token. */
export interface Place {
  readonly partition: string
  readonly region: string
  readonly account: string
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
  /** Where a `*` is left: why there is nothing narrower, and the page that says so. */
  readonly wide?: { readonly because: string; readonly page: string }
}

/** Actions of a service, and the types of resource that each knows. */
export const PAGE = {
  elb: 'https://docs.aws.amazon.com/service-authorization/latest/reference/list_awselasticloadbalancing.html',
  iam: 'https://docs.aws.amazon.com/service-authorization/latest/reference/list_awsidentityandaccessmanagementiam.html',
  route53: 'https://docs.aws.amazon.com/IAM/latest/UserGuide/list_amazonroute53.html',
}
export const ANY_ONLY = 'the action knows no resource'

export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  )
}
