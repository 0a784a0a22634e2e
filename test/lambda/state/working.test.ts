import { describe, expect, it } from 'vitest'
import type { Answer, Attached, Observed, StoredCertificate } from '../../../lambda/model.ts'
import type { CertificateState } from '../../../lambda/state/items.ts'
import { seenWorking, wentSilent } from '../../../lambda/state/working.ts'
import { configOf } from '../../support/configs.ts'

const [CERTIFICATE] = configOf({
  targets: [{ kind: 'classic', loadBalancer: 'web', port: 443 }],
}).certificates
const NOW = 5_000

const leaf = (serial: string) => ({
  serial,
  hosts: [],
  notBefore: 0,
  notAfter: 0,
  issuer: 'CA',
})
const ours = (serial: string): Attached => {
  return { origin: 'ours', arn: serial, stored: { serial, arn: serial } as StoredCertificate }
}
const foreign = (serial: string): Attached => ({
  origin: 'foreign',
  arn: serial,
  leaf: leaf(serial),
  refusal: null,
})
const serves = (serial: string): Answer => ({ address: 'a', leaf: leaf(serial) })
const silent: Answer = { address: 'a', failure: 'no' }

type Known = CertificateState['working'][string]
const known = (arn: string, seen = true): Known => ({ arn, seen, since: 1_000, before: 'older' })

function look(
  attached: Attached,
  probe: readonly Answer[],
  before?: Known,
  rejected: string[] = [],
): Known | undefined {
  if (!CERTIFICATE) throw new Error('one certificate')
  const target = CERTIFICATE.targets[0]
  if (!target) throw new Error('one target')
  const facts = { target, problem: null, dnsName: 'web', attached, probe }
  const observed = { targets: new Map([['web:443', facts]]) } as unknown as Observed
  const working = before ? { 'web:443': before } : {}
  const state = { working, rejected: rejected.map((arn) => ({ listener: 'web:443', arn })) }
  const after = seenWorking(CERTIFICATE, observed, state, NOW)
  if (after === working) return before
  return after['web:443']
}

describe('what was seen working', () => {
  it.each<[string, Attached, Answer[], Known | undefined, Partial<Known> | undefined]>([
    [
      'is what is served, the first time',
      ours('1'),
      [serves('1')],
      undefined,
      { arn: '1', seen: true, since: NOW, before: null },
    ],
    ['is also a foreign one', foreign('f'), [serves('f')], undefined, { arn: 'f', seen: true }],
    ['stays since when it was seen first', ours('1'), [serves('1')], known('1'), { since: 1_000 }],
    ['knows what was before it', ours('2'), [serves('2')], known('1'), { arn: '2', since: NOW, before: '1' }],
    ['is not one that another is served for', ours('2'), [serves('1')], known('1'), { arn: '1' }],
    [
      'is not one that some address does not serve',
      ours('2'),
      [serves('2'), silent],
      known('1'),
      { arn: '1' },
    ],
    [
      'is what the API says where nobody ever answered',
      ours('1'),
      [silent],
      undefined,
      { arn: '1', seen: false },
    ],
    [
      'is not seen any more when it goes silent',
      ours('1'),
      [silent],
      known('1'),
      { arn: '1', seen: false, since: 1_000, before: 'older' },
    ],
    [
      'is seen again when it answers again',
      ours('1'),
      [serves('1')],
      known('1', false),
      { seen: true, since: 1_000 },
    ],
    [
      'is not one that fell silent with its coming',
      ours('2'),
      [silent],
      known('1'),
      { arn: '1', seen: true },
    ],
    [
      'is the next one where it was silent before',
      ours('2'),
      [silent],
      known('1', false),
      { arn: '2', seen: false, before: '1' },
    ],
    [
      'is nothing that cannot be read',
      { origin: 'unreadable', arn: 'x', why: new Error() as never },
      [serves('x')],
      known('1'),
      { arn: '1' },
    ],
  ])('%s', (_, attached, probe, before, expected) => {
    if (expected) expect(look(attached, probe, before)).toMatchObject(expected)
    else expect(look(attached, probe, before)).toBeUndefined()
  })

  it('is not one that was rejected here, but when it serves after all', () => {
    expect(look(ours('2'), [silent], known('1', false), ['2'])).toMatchObject({ arn: '1' })
    expect(look(ours('2'), [serves('2')], known('1'), ['2'])).toMatchObject({ arn: '2' })
  })

  it('went silent only where another one answered at the last look', () => {
    expect(wentSilent(known('1'), '2', [silent])).toBe(true)
    expect(wentSilent(known('2'), '2', [silent])).toBe(false)
    expect(wentSilent(known('1', false), '2', [silent])).toBe(false)
    expect(wentSilent(known('1'), '2', [silent, serves('2')])).toBe(false)
    expect(wentSilent(undefined, '2', [silent])).toBe(false)
  })
})
