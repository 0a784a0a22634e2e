/** The sandbox behaves as the services do where it hurts; else every test against it proves little. */
import { spawn } from 'node:child_process'
import { Resolver } from 'node:dns/promises'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import {
  CreateRoleCommand,
  DeleteServerCertificateCommand,
  IAMClient,
  UploadServerCertificateCommand,
} from '@aws-sdk/client-iam'
import {
  type ChangeAction,
  ChangeResourceRecordSetsCommand,
  GetChangeCommand,
  ListHostedZonesCommand,
  ListResourceRecordSetsCommand,
  Route53Client,
  type RRType,
} from '@aws-sdk/client-route-53'
import { GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm'
import packet from 'dns-packet'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS } from '../../lambda/domain/instant.ts'
import { ONE_TRY_CLIENT, refusal, startQuickSandbox } from '../support/adapters.ts'
import { makeAuthority, makeLeaf } from './certificates.ts'
import { createClock } from './clock.ts'
import type { Sandbox } from './sandbox.ts'

const NAME = '_acme-challenge.example.com'

describe('the sandbox', () => {
  let sandbox: Sandbox
  let zone: string
  let route53: Route53Client

  beforeEach(async () => {
    // its clock stands still but for what a test puts it forward
    sandbox = await startQuickSandbox({ clock: createClock(Date.now(), 1, 0), propagationMs: 30_000 })
    zone = sandbox.route53.addZone('example.com')
    route53 = new Route53Client(ONE_TRY_CLIENT)
  })
  afterEach(() => sandbox.stop())

  type Asked = readonly [action: ChangeAction, values: readonly string[], name?: string, type?: RRType]

  function change(...asked: Asked) {
    return changeAll(asked)
  }

  function changeAll(...asked: readonly Asked[]) {
    const Changes = asked.map(([Action, values, Name = NAME, Type = 'TXT']) => ({
      Action,
      ResourceRecordSet: { Name, Type, TTL: 10, ResourceRecords: values.map((Value) => ({ Value })) },
    }))
    return route53.send(new ChangeResourceRecordSetsCommand({ HostedZoneId: zone, ChangeBatch: { Changes } }))
  }

  const quoted = (count: number, length = 3) =>
    Array.from({ length: count }, (_, at) => `"${String(at).padEnd(length, 'x')}"`)

  function resolver(): Resolver {
    const made = new Resolver({ timeout: 60_000 })
    made.setServers([`127.0.0.1:${sandbox.dns.port}`])
    return made
  }

  it('keeps a change PENDING and out of DNS until it is INSYNC', async () => {
    const { ChangeInfo } = await change('CREATE', ['"one" "two"', '"three"'])
    const status = async () =>
      (await route53.send(new GetChangeCommand({ Id: ChangeInfo?.Id }))).ChangeInfo?.Status
    expect(await status()).toBe('PENDING')
    expect(await refusal(resolver().resolveTxt(NAME))).toMatchObject({ code: 'ENOTFOUND' })
    sandbox.clock.advance(30_000)
    expect(await status()).toBe('INSYNC')
    expect((await resolver().resolveTxt(NAME)).sort()).toEqual([['one', 'two'], ['three']])
  })

  it('answers NS and SOA, follows a CNAME, and refuses names of nobody', async () => {
    await change('CREATE', ['target.example.com'], 'alias.example.com', 'CNAME')
    await change('CREATE', ['"here"'], 'target.example.com')
    sandbox.clock.advance(30_000)
    expect(await resolver().resolveNs('example.com')).toHaveLength(2)
    expect((await resolver().resolveSoa('example.com')).nsname).toBe('ns-1.sandbox.test')
    expect(await resolver().resolveTxt('alias.example.com')).toEqual([['here']])
    expect(await refusal(resolver().resolveTxt('example.net'))).toMatchObject({ code: 'EREFUSED' })
  })

  it('answers over TCP what does not fit into a packet', async () => {
    const values = Array.from({ length: 40 }, (_, at) => `"${'x'.repeat(40)}${at}"`)
    await change('CREATE', values)
    sandbox.clock.advance(30_000)
    expect(await resolver().resolveTxt(NAME)).toHaveLength(40)
    const socket = connect(sandbox.dns.port, '127.0.0.1')
    socket.write(packet.streamEncode({ type: 'query', id: 7, questions: [{ type: 'TXT', name: NAME }] }))
    const chunks: Buffer[] = []
    for await (const chunk of socket) chunks.push(chunk as Buffer)
    expect(packet.streamDecode(Buffer.concat(chunks)).answers).toHaveLength(40)
  })

  it('replaces the whole set by UPSERT, which is why nobody should use it', async () => {
    await change('CREATE', ['"theirs"'])
    await change('UPSERT', ['"ours"'])
    expect(sandbox.route53.records(zone).find(({ type }) => type === 'TXT')?.values).toEqual(['"ours"'])
  })

  it.each<[string, Asked[], string]>([
    ['unquoted TXT', [['CREATE', ['plain']]], 'enclosed in quotation marks'],
    ['a name outside the zone', [['CREATE', ['"x"'], 'example.org']], 'not permitted in zone'],
    [
      'a TXT beside a CNAME',
      [
        ['CREATE', ['a.test'], NAME, 'CNAME'],
        ['CREATE', ['"x"']],
      ],
      'conflicting RRSet',
    ],
    ['more than 400 values in a set', [['CREATE', quoted(401)]], '400 records'],
    [
      '600 records by UPSERT, which count twice',
      [
        ['UPSERT', quoted(300)],
        ['UPSERT', quoted(300), `b.${NAME}`],
      ],
      'limit of 1000',
    ],
    ['more than 32,000 characters', [['CREATE', quoted(170, 200)]], '32000'],
    ['its own SOA taken away', [['DELETE', ['x'], 'example.com', 'SOA']], 'exactly one SOA'],
  ])('refuses %s', async (_, asked, words) => {
    expect(await refusal(changeAll(...asked))).toMatchObject({
      name: 'InvalidChangeBatch',
      message: expect.stringContaining(words),
    })
  })

  it('sorts names by their labels from the right, the trailing dot counting', async () => {
    for (const name of ['a.example.com', 'a-b.example.com', 'x.a.example.com'])
      await change('CREATE', ['"x"'], name)
    const listed = await route53.send(
      new ListResourceRecordSetsCommand({ HostedZoneId: zone, StartRecordName: 'a-b.example.com' }),
    )
    expect(listed.ResourceRecordSets?.map(({ Name }) => Name)).toEqual([
      'a-b.example.com.',
      'a.example.com.',
      'x.a.example.com.',
    ])
  })

  it('throttles more than 50 calls at once, and fills up again with its clock', async () => {
    const list = () => route53.send(new ListHostedZonesCommand({}))
    for (let at = 0; at < 50; at++) await list()
    expect(await refusal(list())).toMatchObject({ name: 'Throttling', message: 'Rate exceeded' })
    sandbox.clock.advance(1_000)
    expect((await list()).HostedZones).toHaveLength(1)
  })

  it('answers what it does not model with an error that says so', async () => {
    const iam = new IAMClient(ONE_TRY_CLIENT)
    const role = new CreateRoleCommand({ RoleName: 'x', AssumeRolePolicyDocument: '{}' })
    expect(await refusal(iam.send(role))).toMatchObject({
      message: expect.stringContaining('does not model this call of iam'),
    })
  })

  it('keeps a certificate that is in use, and one whose chain is another certificate’s out', async () => {
    const iam = new IAMClient(ONE_TRY_CLIENT)
    await sandbox.addLoadBalancer(
      'web',
      443,
      await sandbox.buy('bought', { hosts: ['example.com'], endsInMs: DAY_MS }),
    )
    const gone = iam.send(new DeleteServerCertificateCommand({ ServerCertificateName: 'bought' }))
    expect(await refusal(gone)).toMatchObject({
      name: 'DeleteConflictException',
      message: expect.stringContaining('loadbalancer/web'),
    })
    const [ca, other] = [await makeAuthority('One'), await makeAuthority('Other')]
    const { pem, privateKey } = await makeLeaf(ca, {
      hosts: ['example.com'],
      notBefore: Date.now() - DAY_MS,
      notAfter: Date.now() + DAY_MS,
    })
    const upload = new UploadServerCertificateCommand({
      ServerCertificateName: 'x',
      CertificateBody: pem,
      PrivateKey: privateKey,
      CertificateChain: other.pem,
    })
    expect(await refusal(iam.send(upload))).toMatchObject({ name: 'MalformedCertificateException' })
  })

  it('shows an encrypted parameter only to who asks for it decrypted', async () => {
    const ssm = new SSMClient(ONE_TRY_CLIENT)
    await ssm.send(new PutParameterCommand({ Name: '/a', Value: 'secret', Type: 'SecureString' }))
    const plain = await ssm.send(new GetParameterCommand({ Name: '/a' }))
    expect(plain.Parameter?.Value).not.toContain('secret')
    const decrypted = await ssm.send(new GetParameterCommand({ Name: '/a', WithDecryption: true }))
    expect(decrypted.Parameter?.Value).toBe('secret')
  })
})

describe('the sandbox alone', () => {
  const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

  it('writes where everything is once it is up, and ends with 0 on SIGTERM', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'elb-cert-rotator-main-'))
    const state = join(folder, 'state.json')
    const args = [
      MAIN,
      '--state',
      state,
      '--zone',
      'example.com',
      '--zone',
      'example.org',
      '--elb',
      'web:443',
      '--elb',
      'high:0',
      '--propagation',
      '2',
    ]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    const ended = new Promise((resolve) => child.once('exit', (code) => resolve(code)))
    for await (const line of createInterface(child.stderr)) if (line === `the sandbox is up: ${state}`) break
    const written = JSON.parse(readFileSync(state, 'utf8')) as Record<string, never>
    expect(written).toMatchObject({
      aws: { endpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) },
      dns: { host: '127.0.0.1', port: expect.any(Number) },
      acme: {
        directory: expect.stringMatching(/^https:.*\/directory$/),
        rootsFile: expect.stringMatching(/\.pem$/),
      },
      loadBalancers: [
        { name: 'web', port: 443, address: '127.0.0.1', servedPort: expect.any(Number) },
        { name: 'high', port: expect.any(Number), address: '127.0.0.1', servedPort: expect.any(Number) },
      ],
      zones: [{ name: 'example.com' }, { name: 'example.org' }],
      env: { AWS_ENDPOINT_URL: expect.any(String), AWS_REGION: 'us-east-1' },
    })
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
    rmSync(folder, { recursive: true, force: true })
  })

  it('exits with 2 and its usage for wrong options', async () => {
    const child = spawn(process.execPath, [MAIN, '--elb', 'web'], { stdio: ['ignore', 'ignore', 'pipe'] })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    expect(await new Promise((resolve) => child.once('close', (code) => resolve(code)))).toBe(2)
    expect(stderr).toContain('--state FILE is missing')
  })
})
