/** The asset of a cloud assembly, as it is: its content, and a run of its own handler in a stand-in for Lambda. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { judgeBy } from '../sandbox/aws/policies.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { startQuickSandbox } from '../support/adapters.ts'
import type { DeployedFunction } from '../support/deployed/assembly.ts'
import { createLambda } from '../support/deployed/lambda.ts'
import { metricsIn } from '../support/emf.ts'
import { keysIn, leaksOf } from '../support/keys.ts'
import { synthesise } from '../support/runners.ts'

const DAY_MS = 86_400_000

describe('the asset', () => {
  let sandbox: Sandbox
  let folder: string

  beforeAll(async () => {
    sandbox = await startQuickSandbox()
    sandbox.route53.addZone('example.com')
    const bought = await sandbox.buy('bought', { hosts: ['www.example.com'], endsInMs: 9 * DAY_MS })
    const { port } = await sandbox.addLoadBalancer('web', 0, bought)
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
    expect(metricsIn(wrapped.map((line) => JSON.stringify(line))), 'wrapped, they would be none').toEqual({})
    for (const key of keysIn(sandbox)) expect(leaksOf(key, lines.join('\n'))).toEqual([])
  })
})
