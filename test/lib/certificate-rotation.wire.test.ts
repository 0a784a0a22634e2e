/** The asset of a cloud assembly, as it is: its content, and a run of its own handler in a stand-in for Lambda. */
import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, Stack } from 'aws-cdk-lib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DAY_MS } from '../../lambda/domain/instant.ts'
import { CertificateRotation } from '../../lib/index.ts'
import { judgeBy } from '../sandbox/aws/policies.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { startQuickSandbox } from '../support/adapters.ts'
import { type DeployedFunction, readAssembly } from '../support/deployed/assembly.ts'
import { createLambda } from '../support/deployed/lambda.ts'
import { metricsIn, publishedIn } from '../support/emf.ts'
import { keysIn, leaksOf } from '../support/keys.ts'
import { synthesise } from '../support/runners.ts'

describe('the asset', () => {
  let sandbox: Sandbox
  let folder: string

  beforeAll(async () => {
    sandbox = await startQuickSandbox()
    sandbox.route53.addZone('example.com')
    const bought = await sandbox.buy('bought', { hosts: ['www.example.com'], endsInMs: 9 * DAY_MS })
    const { port } = await sandbox.addLoadBalancer('web', 0, bought)
    await sandbox.dynamodb.addTable('elb-cert-rotator-trial')
    folder = mkdtempSync(join(tmpdir(), 'elb-cert-rotator-synth-'))
    writeFileSync(join(folder, 'roots.pem'), sandbox.ca.rootPem)
    const acme = { directory_url: sandbox.ca.directoryUrl, root_certificates: 'roots.pem' }
    const certificates = [
      { name: 'shop', hosts: ['www.example.com'], key_type: 'ecdsa', elb: { name: 'web', port } },
    ]
    writeFileSync(join(folder, 'certificates.json'), JSON.stringify({ acme, certificates }))
  })
  afterAll(async () => {
    await sandbox.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const synth = (out: string): DeployedFunction =>
    synthesise(join(folder, 'certificates.json'), join(folder, out))

  it('is the same in two synths: the handler, and the configuration with private roots inlined', () => {
    const [first, second] = [synth('one').folder, synth('two').folder]
    expect(first.split('/').at(-1)).toBe(second.split('/').at(-1))
    expect(readdirSync(first).sort()).toEqual(['config.json', 'handler.mjs'])
    const packed = JSON.parse(readFileSync(join(first, 'config.json'), 'utf8')) as {
      acme: { root_certificates: string }
    }
    expect(packed.acme.root_certificates).toBe(sandbox.ca.rootPem)
  })

  it('is another when the configuration is another', () => {
    const file = join(folder, 'certificates.json')
    const before = readFileSync(file, 'utf8')
    const first = synth('three').folder
    writeFileSync(file, before.replace('www.example.com', 'api.example.com'))
    const second = synth('four').folder
    writeFileSync(file, before)
    expect(second.split('/').at(-1)).not.toBe(first.split('/').at(-1))
  })

  it('can be read by everybody, whatever the umask was where it was made', () => {
    const before = process.umask(0o077)
    try {
      const { folder: asset } = synth('umask')
      for (const file of readdirSync(asset))
        expect(statSync(join(asset, file)).mode & 0o777, file).toBe(0o644)
    } finally {
      process.umask(before)
    }
  })

  it('has its configuration also where the CDK bundles nothing, as for cdk ls', () => {
    const app = new App({ context: { 'aws:cdk:bundling-stacks': [] }, outdir: join(folder, 'list') })
    const stack = new Stack(app, 'trial')
    new CertificateRotation(stack, 'Rotation', { config: join(folder, 'certificates.json') })
    const { directory } = app.synth()
    expect(readdirSync(readAssembly(directory, stack.artifactId).folder)).toContain('config.json')
  })

  it('is what the function reads, also for the longest host as a name', async () => {
    const host = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.example.com`
    const file = join(folder, 'long.json')
    writeFileSync(file, JSON.stringify([{ hosts: [host], elb: { name: 'web' } }]))
    const lambda = createLambda(synthesise(file, join(folder, 'long')), sandbox.env)
    const { lines } = await lambda.invoke({ only: [host], dryRun: true }, null)
    await lambda.stop()
    expect(lines.join()).not.toContain('config/invalid')
    expect(lines.join()).toContain('elb/listener-not-found')
  })

  it('holds no private key that lies beside the root certificate', () => {
    const roots = join(folder, 'roots.pem')
    const good = readFileSync(roots, 'utf8')
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    writeFileSync(roots, good + privateKey.export({ type: 'pkcs8', format: 'pem' }))
    expect(() => synth('key')).toThrow(/roots\.pem holds a PRIVATE KEY, expected certificates alone/)
    writeFileSync(roots, `${good}-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n`)
    expect(() => synth('garbage')).toThrow(
      /number 2 of the 2 certificates in .*roots\.pem is not a certificate/,
    )
    writeFileSync(roots, good)
  })

  it('holds neither the half of acme-client that is in JavaScript, nor tables of file types', () => {
    const code = readFileSync(join(synth('five').folder, 'handler.mjs'), 'utf8')
    expect(code).not.toMatch(/application\/vnd\.|pkcs12FromAsn1/)
    expect(code.length).toBeLessThan(1_700_000)
  })

  it('rotates as it is under the policies of its template, with its log wrapped and its metrics not', async () => {
    const deployed = synth('six')
    sandbox.aws.enforce(judgeBy(deployed.policies))
    const { NODE_EXTRA_CA_CERTS: _, ...env } = sandbox.env
    const lambda = createLambda(deployed, env)
    const { lines, ...invoked } = await lambda.invoke({}, null)
    await lambda.stop()
    expect(invoked).toMatchObject({
      result: { ok: true, outcomes: [expect.objectContaining({ state: 'renewed' })] },
    })
    const wrapped = lines.map((line) => JSON.parse(line)).filter((line) => 'message' in line)
    expect(wrapped[0]).toMatchObject({
      level: 'INFO',
      requestId: 'request-1',
      timestamp: expect.any(String),
      message: { event: 'run.started', deployment: 'trial' },
    })
    expect(metricsIn(lines)).toMatchObject({ runsFinished: 1, certificatesRenewed: 1 })
    expect(publishedIn(lines)[0]?.dimensions, 'what the alarms of the template look at').toEqual({
      deployment: 'trial',
    })
    expect(metricsIn(wrapped.map((line) => JSON.stringify(line))), 'wrapped, they would be none').toEqual({})
    for (const key of keysIn(sandbox)) expect(leaksOf(key, lines.join('\n'))).toEqual([])
  })
})
