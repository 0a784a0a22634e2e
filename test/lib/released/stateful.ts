/** What of a stack would be lost with its replacement, and what must not change lest CloudFormation replaces it. */
import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { CertificateRotation } from '../../../lib/index.ts'

/** By type: properties of which CloudFormation's reference says "Update requires: Replacement". */
const REPLACED_BY: Readonly<Record<string, readonly string[]>> = {
  'AWS::DynamoDB::Table': ['TableName', 'KeySchema'],
  'AWS::Logs::LogGroup': ['LogGroupName'],
  'AWS::SNS::Topic': ['TopicName', 'FifoTopic'],
  // a new one has to be confirmed by mail again
  'AWS::SNS::Subscription': ['TopicArn', 'Protocol', 'Endpoint'],
  'AWS::SQS::Queue': ['QueueName', 'FifoQueue'],
}

/** Types that hold nothing. One that is in neither table has to be put into one of them. */
const STATELESS = [
  'AWS::CloudWatch::Alarm',
  'AWS::CloudWatch::Dashboard',
  'AWS::IAM::Role',
  'AWS::Lambda::EventInvokeConfig',
  'AWS::Lambda::Function',
  'AWS::SNS::TopicPolicy',
  'AWS::SQS::QueuePolicy',
  'AWS::Scheduler::Schedule',
]

export interface Stateful {
  readonly type: string
  readonly createdWith: Readonly<Record<string, unknown>>
}

/** @returns by logical id, of a stack that has all there is */
export function statefulResources(): Record<string, Stateful> {
  const stack = new Stack(new App(), 'shop')
  new CertificateRotation(stack, 'Rotation', {
    config: [{ name: 'shop', hosts: ['www.example.com'], elb: { name: 'web' } }],
    alarmEmails: ['ops@example.com'],
    dashboard: true,
  })
  const { Resources } = Template.fromStack(stack).toJSON() as {
    Resources: Record<string, { Type: string; Properties?: Record<string, unknown> }>
  }
  return Object.fromEntries(
    Object.entries(Resources).flatMap(([id, { Type, Properties = {} }]) => {
      const keys = REPLACED_BY[Type]
      if (!keys && !STATELESS.includes(Type)) throw new Error(`${Type}: does it hold anything?`)
      if (!keys) return []
      const createdWith = Object.fromEntries(
        keys.filter((key) => key in Properties).map((key) => [key, Properties[key]]),
      )
      return [[id, { type: Type, createdWith }]]
    }),
  )
}
