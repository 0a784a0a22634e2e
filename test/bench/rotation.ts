/** One certificate from order to listener, by what is deployed, in real time and under its own policies. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DAY_MS } from '../../lambda/domain/instant.ts'
import { stateTable } from '../../lambda/domain/names.ts'
import { judgeBy } from '../sandbox/aws/policies.ts'
import { startSandbox } from '../sandbox/sandbox.ts'
import { createLambda } from '../support/deployed/lambda.ts'
import { DEPLOYMENT, synthesise } from '../support/runners.ts'

export interface Rotation {
  readonly hosts: number
  readonly propagationSeconds: number
  readonly wallSeconds: number
  /** What is left of it without the propagation; the CA of the bench asks for no wait. */
  readonly ownSeconds: number
  /** Requests by service. */
  readonly route53: number
  /** Of them: asking whether a change is in sync. */
  readonly route53Polls: number
  readonly iam: number
  readonly elb: number
  readonly ssm: number
  readonly dynamodb: number
  readonly acme: number
  readonly maxMemoryMb: number
}

export async function measureRotation(hosts: number, propagationSeconds: number): Promise<Rotation> {
  const sandbox = await startSandbox({
    propagationMs: propagationSeconds * 1_000,
    spreadMs: 0,
    ca: { validationDelayMs: 0, finalizeDelayMs: 0, nonceRefusalShare: 0 },
  })
  const folder = mkdtempSync(join(tmpdir(), 'elb-cert-rotator-bench-'))
  try {
    const id = sandbox.route53.addZone('example.com')
    const names = Array.from({ length: hosts }, (_, at) => `host-${at}.example.com`)
    const bought = await sandbox.buy('bought', { hosts: names, endsInMs: 9 * DAY_MS })
    const { port } = await sandbox.addLoadBalancer('web', 0, bought)
    await sandbox.dynamodb.addTable(stateTable(DEPLOYMENT))
    const file = join(folder, 'certificates.json')
    const acme = { directory_url: sandbox.ca.directoryUrl, root_certificates: sandbox.rootsFile }
    const certificates = [{ name: 'web', hosts: names, key_type: 'ecdsa', elb: { name: 'web', port } }]
    writeFileSync(file, JSON.stringify({ acme, dns: { zones: [{ name: 'example.com', id }] }, certificates }))

    const deployed = synthesise(file, join(folder, 'assembly'))
    sandbox.aws.enforce(judgeBy(deployed.policies))
    const { NODE_EXTRA_CA_CERTS: _, ...env } = sandbox.env
    const lambda = createLambda(deployed, env)
    const invoked = await lambda.invoke({}, null)
    await lambda.stop()
    if ('errorType' in invoked) throw new Error(invoked.errorMessage)

    const count = (prefix: string) =>
      sandbox.aws.calls.filter(({ action }) => action.startsWith(prefix)).length
    const wallSeconds = invoked.report.durationMs / 1_000
    return {
      hosts,
      propagationSeconds,
      wallSeconds,
      ownSeconds: Number((wallSeconds - propagationSeconds).toFixed(3)),
      route53: count('route53:'),
      route53Polls: count('route53:GetChange'),
      iam: count('iam:'),
      elb: count('elasticloadbalancing:'),
      ssm: count('ssm:'),
      dynamodb: count('dynamodb:'),
      acme: [...sandbox.ca.requests.values()].reduce((sum, one) => sum + one, 0),
      maxMemoryMb: invoked.report.maxMemoryMb,
    }
  } finally {
    await sandbox.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}
