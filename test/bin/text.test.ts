import { describe, expect, it } from 'vitest'
import { planText } from '../../bin/text.ts'

type Action = Parameters<typeof planText>[0]['actions'][number]

const ARN = 'arn:aws:iam::123456789012:server-certificate/elb-cert-rotator/us-east-1/trial/shop-old'

function shown(action: Partial<Action> & Pick<Action, 'kind'>): string {
  const whole: Action = {
    certId: 'shop',
    listener: 'web:443',
    reason: 'not-served',
    detail: 'why',
    ...action,
  }
  const rest = { heldBack: [], statuses: [], kept: [] }
  return planText({
    ...{ event: 'plan.made', level: 'info', at: '', runId: '', pass: 1 },
    ...{ actions: [whole], ...rest },
  })
}

describe('a plan for people', () => {
  it('says what a listener gets back if the attachment breaks it', () => {
    expect(shown({ kind: 'attach', restore: ARN, wasBroken: false })).toBe(
      'plan:\n  attach   shop  to web:443, not-served: why; if that breaks it, shop-old is put back\n',
    )
  })

  it('says nothing of that when no certificate is known to work there', () => {
    expect(shown({ kind: 'verify', restore: null, wasBroken: true })).toBe(
      'plan:\n  verify   shop  web:443, not-served: why\n',
    )
  })

  it('says what is put back where an earlier run broke a listener', () => {
    expect(shown({ kind: 'undo', restore: ARN })).toBe(
      'plan:\n  undo     shop  web:443, not-served: why; shop-old is put back\n',
    )
  })
})
