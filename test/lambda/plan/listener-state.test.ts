import { describe, expect, it } from 'vitest'
import type { Answer, Attached, Observed, StoredCertificate } from '../../../lambda/domain/model.ts'
import type { CertificateState } from '../../../lambda/domain/remembered.ts'
import { TAG, withRejected } from '../../../lambda/domain/tags.ts'
import { classicListener } from '../../../lambda/domain/targets.ts'
import { type ListenerState, listenerState, seenWorking } from '../../../lambda/plan/listener-state.ts'
import { configOf } from '../../support/configs.ts'

const [CERTIFICATE] = configOf({
  targets: [classicListener('web', 443)],
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
  const facts = { target, problem: null, endpoint: { dnsName: 'web', port: 443 }, attached, probe }
  const observed = { targets: new Map([['web:443', facts]]), details: new Map() } as unknown as Observed
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
})

describe('a listener', () => {
  const [target] = CERTIFICATE?.targets ?? []
  const tagged = (...arns: string[]) => ({
    details: new Map(
      arns.map((arn) => [
        arn,
        { leaf: leaf(arn), pem: '', tags: { [TAG.rejected]: withRejected('', classicListener('web', 443)) } },
      ]),
    ),
  })

  it.each<[string, ListenerState, Attached, Answer[], Known | undefined, string[], string[]]>([
    ['serves what it has everywhere', 'works', ours('2'), [serves('2')], known('1'), [], []],
    ['serves a foreign certificate everywhere', 'works', foreign('f'), [serves('f')], undefined, [], []],
    ['was fixed after a rejection', 'works', ours('2'), [serves('2')], known('1'), ['2'], ['2']],
    ['has what the table says broke it', 'broke', ours('2'), [silent], known('1', false), ['2'], []],
    ['has what the tag says broke it', 'broke', ours('2'), [serves('1')], known('1'), [], ['2']],
    ['answered with another one at the last look', 'fell-silent', ours('2'), [silent], known('1'), [], []],
    ['was never seen answering', 'works-unseen', ours('2'), [silent], undefined, [], []],
    ['answered with this one at the last look', 'works-unseen', ours('2'), [silent], known('2'), [], []],
    ['was silent with the previous one', 'works-unseen', ours('2'), [silent], known('1', false), [], []],
    ['answers at some addresses', 'unclear', ours('2'), [silent, serves('2')], known('1'), [], []],
    ['serves another one', 'unclear', ours('2'), [serves('1')], known('1'), [], []],
    ['has what another listener rejected', 'unclear', ours('2'), [serves('1')], known('1'), ['3'], ['3']],
  ])('that %s is in the state %s', (_, state, attached, probe, before, inTable, inTags) => {
    if (!target) throw new Error('one target')
    const facts = { target, problem: null, endpoint: { dnsName: 'web', port: 443 }, attached, probe }
    const remembered = {
      working: before ? { 'web:443': before } : {},
      rejected: inTable.map((arn) => ({ listener: 'web:443', arn })),
    }
    expect(listenerState(facts, tagged(...inTags), remembered)).toBe(state)
  })
})
