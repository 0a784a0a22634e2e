/** One topic for all alarms. Only CloudWatch alarms of this account may publish to it. */
import { Stack } from 'aws-cdk-lib'
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { EmailSubscription } from 'aws-cdk-lib/aws-sns-subscriptions'
import type { Construct } from 'constructs'

export function addAlarmTopic(scope: Construct, emails: readonly string[]): Topic {
  // enforceSSL writes a policy, which replaces the default one that lets alarms publish
  const topic = new Topic(scope, 'AlarmTopic', { displayName: 'elb-cert-rotator', enforceSSL: true })
  topic.addToResourcePolicy(
    new PolicyStatement({
      sid: 'AlarmsOfThisAccount',
      principals: [new ServicePrincipal('cloudwatch.amazonaws.com')],
      actions: ['sns:Publish'],
      resources: [topic.topicArn],
      conditions: { StringEquals: { 'aws:SourceAccount': Stack.of(scope).account } },
    }),
  )
  for (const email of emails) topic.addSubscription(new EmailSubscription(email))
  return topic
}
