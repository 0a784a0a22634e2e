/** The construct in your own CDK app, beside your other resources: `npx cdk deploy --app "node examples/in-your-own-app.ts"`. */
import { App, Duration, Stack } from 'aws-cdk-lib'
import { RetentionDays } from 'aws-cdk-lib/aws-logs'
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { CertificateRotation } from 'elb-cert-rotator'

const app = new App()
const stack = new Stack(app, 'edge')
const onCall = new Topic(stack, 'OnCall')

new CertificateRotation(stack, 'Certificates', {
  config: {
    acme: { profile: 'tlsserver' },
    dns: { zones: [{ name: 'example.com', id: 'Z0123456789ABCDEFGHIJ' }] },
    certificates: [
      { name: 'shop', hosts: ['shop.example.com'], key_type: 'ecdsa', elb: { name: 'shop' } },
      { name: 'api', hosts: ['api.example.com'], elb: { name: 'api', port: 8443 } },
    ],
  },
  deployment: 'edge',
  schedule: ScheduleExpression.rate(Duration.hours(4)),
  alarmTopic: onCall,
  logRetention: RetentionDays.ONE_YEAR,
  dashboard: true,
})
