/** What the function may do with its table and its keys in SSM. Pure. */
import type { Config } from '../lambda/domain/config.ts'
import { accountParameter, keyParameterPath, stateTable } from '../lambda/domain/names.ts'
import type { FunctionScope, Permission } from './permission.ts'

export function statePermissions(
  config: Config,
  { partition, region, account, deployment }: FunctionScope,
): Permission[] {
  const parameter = `arn:${partition}:ssm:${region}:${account}:parameter`
  const accountKey = `${parameter}${accountParameter(deployment, config.directoryUrl)}`
  const keysInFlight = `${parameter}${keyParameterPath(deployment)}*`
  return [
    {
      sid: 'ReadKeys',
      actions: ['ssm:GetParameter'],
      resources: [accountKey, keysInFlight],
      why: 'reads the key of the account with the CA, and the keys of orders that an earlier run did not finish',
    },
    ...(config.externalAccount
      ? [
          {
            sid: 'ReadExternalAccount',
            actions: ['ssm:GetParameter'],
            resources: [`${parameter}${config.externalAccount.parameter}`],
            why: 'reads the secret that binds a new account with the CA to your customer account',
          },
        ]
      : []),
    {
      sid: 'KeepKeys',
      actions: ['ssm:PutParameter'],
      resources: [accountKey, keysInFlight],
      conditions: { StringNotEquals: { 'ssm:Overwrite': 'true' } },
      why: 'stores these keys, encrypted with the default key of the AWS account, and never overwrites an existing one',
    },
    {
      sid: 'DropKeys',
      actions: ['ssm:DeleteParameter'],
      resources: [keysInFlight],
      why: 'deletes the key of an order once its certificate is stored',
    },
    {
      sid: 'Remember',
      actions: ['dynamodb:Scan', 'dynamodb:PutItem', 'dynamodb:DeleteItem'],
      resources: [`arn:${partition}:dynamodb:${region}:${account}:table/${stateTable(deployment)}`],
      why: 'reads and writes the table of the deployment: unfinished orders, what works where, and the lease of a run',
    },
  ]
}
