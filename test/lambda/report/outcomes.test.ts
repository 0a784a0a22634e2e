import { describe, expect, it } from 'vitest'
import type { ErrorCode } from '../../../lambda/domain/errors.ts'
import { DAY_MS } from '../../../lambda/domain/instant.ts'
import type { CertificateResult, Observed } from '../../../lambda/domain/model.ts'
import { RotationError } from '../../../lambda/domain/rotation-error.ts'
import { classicListener } from '../../../lambda/domain/targets.ts'
import type { ReasonCode } from '../../../lambda/plan/checks.ts'
import type { Plan } from '../../../lambda/plan/plan.ts'
import type { Status } from '../../../lambda/plan/statuses.ts'
import { outcomeOf } from '../../../lambda/report/outcomes.ts'
import { configOf } from '../../support/configs.ts'

const LIFE = 100 * DAY_MS
const [CERTIFICATE] = configOf({
  id: 'shop',
  targets: [classicListener('web', 443)],
}).certificates

const error = (code: ErrorCode, facts = {}) => new RotationError(code, code, facts)
const rejected: Status = {
  certId: 'shop',
  listener: 'web:443',
  state: 'rejected',
  detail: '',
  error: error('verify/rejected', { listener: 'web:443' }),
}
function result(over: Partial<CertificateResult>): CertificateResult {
  return { stored: null, inPlace: new Map(), errors: [], ...over }
}

interface Given {
  readonly heldBack?: ErrorCode
  readonly result?: CertificateResult
  readonly statuses?: readonly Status[]
  readonly reason?: ReasonCode
  /** Age of what is installed, in days of a hundred. */
  readonly age?: number
}

function stateOf({ heldBack, result, statuses = [], reason = 'renewal-due', age = 70 }: Given): string {
  if (!CERTIFICATE) throw new Error('one certificate')
  const now = age * DAY_MS
  const leaf = { serial: '01', hosts: [], notBefore: 0, notAfter: LIFE, issuer: 'CA' }
  const [target] = CERTIFICATE.targets
  const facts = {
    target,
    problem: null,
    attached: { origin: 'foreign', arn: 'x', leaf, refusal: null },
    probe: [],
  }
  const plan: Plan = {
    actions: [
      {
        kind: 'issue',
        certId: 'shop',
        reason: { code: reason, detail: '' },
        isUrgent: false,
        predecessor: null,
        ends: null,
      },
    ],
    statuses,
    outpaced: [],
    kept: [],
  }
  return outcomeOf(CERTIFICATE, {
    plan,
    observed: { targets: new Map([['web:443', facts]]) } as unknown as Observed,
    result,
    heldBack: heldBack ? error(heldBack) : undefined,
    renewal: null,
    dryRun: false,
    now,
  }).state
}

describe('an outcome', () => {
  it.each<[string, string, Given]>([
    ['held-back', 'the CA asked to wait', { heldBack: 'limits/asked-to-wait' }],
    ['held-back', 'the ledger is full', { heldBack: 'limits/ledger-full' }],
    ['postponed', 'it was not reached', { heldBack: 'run/out-of-time' }],
    ['postponed', 'time was over in the middle', { result: result({ errors: [error('run/out-of-time')] }) }],
    ['failed', 'the store is full', { heldBack: 'store/quota-full' }],
    ['failed', 'it waits, and is long past its due time', { heldBack: 'limits/asked-to-wait', age: 90 }],
    ['failed', 'it waits, and has ended', { heldBack: 'run/out-of-time', age: 101 }],
    [
      'failed',
      'it waits with other hosts than wanted',
      { heldBack: 'limits/asked-to-wait', reason: 'hosts-changed' },
    ],
    ['failed', 'somebody asked for it now', { heldBack: 'run/out-of-time', reason: 'forced' }],
    [
      'failed',
      'time was over, and something failed beside',
      { result: result({ errors: [error('run/out-of-time'), error('aws/throttled')] }) },
    ],
    ['rejected', 'a listener broke with the last one', { statuses: [rejected] }],
    [
      'failed',
      'its successor is held back',
      { statuses: [rejected], heldBack: 'limits/ledger-full', reason: 'broke-before' },
    ],
    [
      'attached',
      'the listener that broke serves another one',
      { statuses: [rejected], result: result({ inPlace: new Map([['web:443', LIFE]]) }) },
    ],
    [
      'rejected',
      'another listener was served',
      { statuses: [rejected], result: result({ inPlace: new Map([['api:443', LIFE]]) }) },
    ],
    ['settled', 'nothing came of it', {}],
  ])('is %s where %s', (state, _, given) => {
    expect(stateOf(given)).toBe(state)
  })
})
