/**
 * A second kind of target, whose row and adapter are here and nowhere else, goes through the real configuration,
 * permissions, documents and stages: what `lambda/README.md` says adding a kind takes is true.
 */
import { beforeEach, describe, expect, it } from 'vitest'
import * as z from 'zod'
import { dns01Proof } from '../../lambda/adapters/dns-01/proof.ts'
import { parseConfig, toDocument } from '../../lambda/config/parse.ts'
import { jsonSchema } from '../../lambda/config/schema.ts'
import type { Config } from '../../lambda/domain/config.ts'
import { DEFAULTS } from '../../lambda/domain/defaults.ts'
import type { RotationEvent } from '../../lambda/domain/events.ts'
import { DAY_MS, HOUR_MS } from '../../lambda/domain/instant.ts'
import type { Target } from '../../lambda/domain/model.ts'
import { RotationError } from '../../lambda/domain/rotation-error.ts'
import { classicListener, TARGET_KINDS, type TargetKind } from '../../lambda/domain/targets.ts'
import type { TargetAdapter } from '../../lambda/ports.ts'
import { type Report, run } from '../../lambda/run/run.ts'
import { permissionsOf } from '../../lib/permissions.ts'
import { targetPages } from '../../scripts/target-pages.ts'
import { createToyWorld, type Temper, type ToyWorld } from '../endure/toy-world.ts'
import { makeAuthority } from '../sandbox/certificates.ts'

interface Gate extends Target {
  readonly kind: 'gate'
  readonly name: string
}

const gateKind: TargetKind<Gate> = {
  kind: 'gate',
  configKey: 'gate',
  title: 'gate',
  shape: z.strictObject({
    name: z
      .string()
      .regex(/^[a-z]+$/)
      .describe('Name of the gate.'),
  }),
  expected: { name: 'the name of a gate: small letters' },
  read(written) {
    const { name } = written as { name: string }
    if (name === 'closed') return { found: 'the gate "closed"', expected: 'one that opens' }
    return { kind: 'gate', key: `gate ${name}`, region: 'eu-west-1', name }
  },
  write: ({ name }) => ({ name }),
  store: 'iam',
  permissions: [
    { sid: 'FindGates', actions: ['gates:ListGates'], why: 'finds the gates', page: 'https://gates.test/' },
    {
      sid: 'OpenGates',
      actions: ['gates:SetCertificate'],
      why: 'gives a gate its certificate',
      resource: ({ name }, { partition, region, account }) =>
        `arn:${partition}:gates:${region}:${account}:gate/${name}`,
      page: 'https://gates.test/',
    },
  ],
  notes: ['A gate has one certificate.'],
}
const KINDS = [...TARGET_KINDS, gateKind]

const entry = (target: object) => ({ name: 'shop', hosts: ['www.example.com'], ...target })
const parse = (...certificates: object[]) => parseConfig(JSON.stringify(certificates), KINDS).config
const SCOPE = {
  ...{ partition: 'aws', region: 'us-east-1', account: '1', deployment: 'toy' },
  logGroupArn: 'arn:aws:logs:us-east-1:1:log-group:g:*',
}

describe('another kind of target', () => {
  it('is read from the configuration, beside the others, and written to the same again', () => {
    const config = parse(entry({ targets: [{ elb: { name: 'web' } }, { gate: { name: 'north' } }] }))
    expect(config.certificates[0]?.targets).toEqual([
      classicListener('web', 443),
      { kind: 'gate', key: 'gate north', region: 'eu-west-1', name: 'north' },
    ])
    expect(parseConfig(JSON.stringify(toDocument(config, KINDS)), KINDS).config).toEqual(config)
  })

  it.each([
    [
      entry({ gate: { name: 'North' } }),
      '[0].gate.name: found "North", expected the name of a gate: small letters',
    ],
    [entry({ gate: { name: 'closed' } }), '[0].gate: found the gate "closed", expected one that opens'],
    [
      entry({ gate: { nam: 'north' } }),
      '[0].gate.nam: found an unknown key, expected name (did you mean that?)',
    ],
    [entry({ gat: { name: 'north' } }), '[0].gat: found an unknown key, expected gate (did you mean that?)'],
    [entry({}), '[0]: found neither elb nor gate nor targets, expected one of them'],
    [
      entry({ elb: { name: 'web' }, gate: { name: 'north' } }),
      '[0]: found both elb and gate, expected one of them',
    ],
    [
      entry({ targets: [{ elb: { name: 'web' }, gate: { name: 'north' } }] }),
      '[0].targets[0]: found 2 targets, expected one of elb, gate',
    ],
    [entry({ targets: [{}] }), '[0].targets[0]: found no target, expected one of elb, gate'],
  ])('is checked: %j', (written, problem) => {
    expect(() => parse(written)).toThrow(problem)
  })

  it('is in the schema of the configuration', () => {
    expect(JSON.stringify(jsonSchema(KINDS))).toContain('Name of the gate.')
    expect(JSON.stringify(jsonSchema())).not.toContain('Name of the gate.')
  })

  it('gets its own permissions, in its own region, and the others none when nothing uses them', () => {
    const config = parse(entry({ gate: { name: 'north' } }))
    const permissions = permissionsOf(config, SCOPE, KINDS)
    expect(permissions.slice(0, 2)).toMatchObject([
      { sid: 'FindGates', actions: ['gates:ListGates'], resources: ['*'] },
      { sid: 'OpenGates1', resources: ['arn:aws:gates:eu-west-1:1:gate/north'] },
    ])
    expect(permissions.map(({ sid }) => sid)).not.toContain('FindLoadBalancers')
    expect(permissions.map(({ sid }) => sid)).toContain('StoreCertificates')
  })

  it('has a page of its own', () => {
    const page = targetPages(KINDS, 'note')['docs/targets/gate.md']
    expect(page).toContain('# Gate\n\nA gate has one certificate.')
    expect(page).toContain('| `name` | Name of the gate. |')
    expect(page).toContain('| OpenGates | `gates:SetCertificate` ([AWS](https://gates.test/)) |')
  })
})

describe('the stages, with another kind of target', async () => {
  const authority = await makeAuthority('Toy CA')
  const START = Date.parse('2026-11-01T00:00:00Z')
  const BOUGHT = 'arn:aws:iam::1:server-certificate/bought'
  const config: Config = { ...parse(entry({ gate: { name: 'north' } })) }
  let world: ToyWorld

  beforeEach(() => {
    world = createToyWorld(authority, START)
    world.now += HOUR_MS
    const hosts = ['www.example.com']
    const leaf = { serial: '01', hosts, notBefore: START - 90 * DAY_MS, notAfter: START + 5 * DAY_MS }
    world.add(BOUGHT, leaf, START - 90 * DAY_MS)
  })

  /** Gates are found and opened by calls of their own; what stands behind them is the world's listener. */
  function gates(attach: TargetAdapter['attach']): TargetAdapter<Gate> {
    return {
      async look(targets) {
        expect(targets.map(({ kind }) => kind)).toEqual(['gate'])
        const arnOf = (name: string) => world.listeners.get(name)?.arn
        return {
          find: ({ name }) => {
            const certificateArn = arnOf(name)
            if (!certificateArn) return new RotationError('elb/load-balancer-not-found', `no gate ${name}`)
            return { dnsName: name, port: 8443, certificateArn }
          },
          users: new Map([...world.listeners.values()].map(({ name, arn }) => [arn, `gate ${name}`])),
        }
      },
      attach: ({ name }, arn) => attach(classicListener(name, 443), arn),
    }
  }

  async function runOnce(): Promise<{ report: Report; events: RotationEvent[] }> {
    const events: RotationEvent[] = []
    const emit = (event: RotationEvent) => void events.push(event)
    const { ports } = world.ports({ runId: 'run', config, emit, dns01: dns01Proof }, null)
    const { classic } = ports.targets
    if (!classic) throw new Error('the world has classic listeners')
    const report = await run(
      {
        ...{ runId: 'run', config, warnings: [], deployment: 'toy', intervalMs: DAY_MS },
        invocation: { only: null, force: false, dryRun: false },
        isTableExpected: true,
      },
      { ...ports, targets: { gate: gates(classic.attach) } },
      DEFAULTS,
    )
    return { report, events }
  }

  function addGate(temper: Temper): void {
    world.listeners.set('north', { name: 'north', temper, arn: BOUGHT, old: null })
  }

  it('observe it, attach a new certificate and verify it', async () => {
    addGate('prompt')
    const { report, events } = await runOnce()
    expect(report.outcomes.map(({ state }) => state)).toEqual(['renewed'])
    expect(world.listeners.get('north')?.arn).toContain('/elb-cert-rotator/')
    expect(events).toContainEqual(
      expect.objectContaining({ event: 'cert.verified', listener: 'gate north', seen: true }),
    )
    expect((await runOnce()).report.outcomes.map(({ state }) => state)).toEqual(['settled'])
    expect(world.sins).toEqual([])
  })

  it('put its previous certificate back where the new one broke it', async () => {
    addGate('breaks')
    const { report } = await runOnce()
    expect(report.outcomes.map(({ state }) => state)).toEqual(['rejected'])
    expect(world.listeners.get('north')?.arn).toBe(BOUGHT)
  })

  it('report one that is not there', async () => {
    const { report } = await runOnce()
    expect(report.outcomes).toMatchObject([
      { state: 'failed', detail: expect.stringContaining('no gate north') },
    ])
  })
})
