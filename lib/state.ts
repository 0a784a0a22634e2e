/** The table that holds what a deployment remembers. */
import { RemovalPolicy } from 'aws-cdk-lib'
import { AttributeType, BillingMode, Table, TableEncryption } from 'aws-cdk-lib/aws-dynamodb'
import type { Construct } from 'constructs'
import { stateTable } from '../lambda/domain/names.ts'

/**
 * Named after the deployment, so that the command line finds it as well. It outlives the stack, because an order in
 * flight would be lost with it.
 */
export function addStateTable(scope: Construct, deployment: string): Table {
  return new Table(scope, 'State', {
    tableName: stateTable(deployment),
    partitionKey: { name: 'id', type: AttributeType.STRING },
    billingMode: BillingMode.PAY_PER_REQUEST,
    encryption: TableEncryption.AWS_MANAGED,
    pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    // except when a first deployment is rolled back: the table would block the second one
    removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
  })
}
