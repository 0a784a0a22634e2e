import { describe, expect, it } from 'vitest'
import { limit } from '../../../lambda/limits/limits.ts'
import type { Action } from '../../../lambda/plan/plan.ts'

const reason = { code: 'renewal-due', detail: '' } as const
const target = { kind: 'classic', loadBalancer: 'web', port: 443 } as const
const issue = (certId: string): Action[] => [
  { kind: 'issue', certId, reason },
  { kind: 'attach', certId, reason, target, stored: null },
]

describe('the quota of the store', () => {
  it('gives the room that is left to what comes first, and holds back the rest with all that would follow', () => {
    const actions = [...issue('a'), ...issue('b'), ...issue('c')]
    const { run, heldBack } = limit(actions, { used: 18, limit: 20 })
    expect(run.map(({ certId, kind }) => `${kind} ${certId}`)).toEqual([
      'issue a',
      'attach a',
      'issue b',
      'attach b',
    ])
    expect([...heldBack].map(([certId, { code }]) => `${certId} ${code}`)).toEqual(['c store/quota-full'])
  })

  it('is no limit for what is only attached', () => {
    const attach = issue('a').slice(1)
    expect(limit(attach, null).run).toEqual(attach)
    expect(limit(attach, { used: 20, limit: 20 }).run).toEqual(attach)
  })

  it('holds back all when more is used than allowed', () => {
    expect(limit(issue('a'), { used: 25, limit: 20 }).run).toEqual([])
  })
})
