import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CertificateRotation } from '../../lib/certificate-rotation.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { startQuickSandbox } from '../support/adapters.ts'
import { metricsIn } from '../support/emf.ts'
import { keysIn, leaksOf } from '../support/keys.ts'

const DAY_MS = 86_400_000

describe('the construct', () => {
  let sandbox: Sandbox
  let folder: string
  let config: string

  beforeAll(async () => {
    sandbox = await startQuickSandbox()
    sandbox.route53.addZone('example.com')
    const bought = await sandbox.buy('bought', { hosts: ['www.example.com'], endsInMs: 9 * DAY_MS })
    const { port } = await sandbox.addLoadBalancer('web', 0, bought)
    folder = mkdtempSync(join(tmpdir(), 'elb-cert-rotator-synth-'))
    config = join(folder, 'certificates.json')
    writeFileSync(join(folder, 'roots.pem'), sandbox.ca.rootPem)
    const acme = { directory_url: sandbox.ca.directoryUrl, root_certificates: 'roots.pem' }
    const certificates = [
      { name: 'shop', hosts: ['www.example.com'], key_type: 'ecdsa', elb: { name: 'web', port } },
    ]
    writeFileSync(config, JSON.stringify({ acme, certificates }))
  })
  afterAll(async () => {
    await sandbox.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  function synth(out: string): { template: Template; asset: string } {
    const app = new App({ outdir: join(folder, out) })
    const stack = new Stack(app, 'Rotator')
    new CertificateRotation(stack, 'Rotation', { config })
    const assembly = app.synth()
    const asset = readdirSync(assembly.directory).find((name) => name.startsWith('asset.')) ?? ''
    return { template: Template.fromStack(stack), asset: join(assembly.directory, asset) }
  }

  it('is a function of Node 24 on arm64 that knows its deployment', () => {
    const { template } = synth('one')
    template.hasResourceProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'handler.handler',
      Environment: { Variables: { ELB_CERT_ROTATOR_DEPLOYMENT: 'Rotator' } },
    })
  })

  it('has one asset, the same in two synths: the handler, and the configuration with private roots inlined', () => {
    const [first, second] = [synth('two').asset, synth('three').asset]
    expect(first.split('/').at(-1)).toBe(second.split('/').at(-1))
    expect(readdirSync(first).sort()).toEqual(['config.json', 'handler.mjs'])
    const packed = JSON.parse(readFileSync(join(first, 'config.json'), 'utf8')) as {
      acme: { root_certificates: string }
    }
    expect(packed.acme.root_certificates).toBe(sandbox.ca.rootPem)
  })

  it('rotates when its asset is run as it is', async () => {
    const { asset } = synth('four')
    const script = `import { handler } from ${JSON.stringify(join(asset, 'handler.mjs'))}; await handler({})`
    const env = {
      ...sandbox.env,
      NODE_EXTRA_CA_CERTS: '',
      ELB_CERT_ROTATOR_DEPLOYMENT: 'asset',
      PATH: process.env['PATH'],
    }
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script], {
      env,
    })
    for (const key of keysIn(sandbox)) expect(leaksOf(key, stdout)).toEqual([])
    expect(metricsIn(stdout.split('\n'))).toMatchObject({ runsFinished: 1, certificatesRenewed: 1 })
  })
})
