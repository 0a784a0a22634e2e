import { describe, expect, it } from 'vitest'
import { checkNames, parseInvocation } from '../../../lambda/run/invocation.ts'

const ORDINARY = { only: null, force: false, dryRun: false }

describe('an invocation', () => {
  it.each([
    [undefined, ORDINARY],
    [null, ORDINARY],
    [{}, ORDINARY],
    [{ dryRun: true }, { ...ORDINARY, dryRun: true }],
    [
      { only: ['shop'], force: true },
      { only: ['shop'], force: true, dryRun: false },
    ],
  ])('%j is understood', (event, invocation) => {
    expect(parseInvocation(event)).toEqual(invocation)
  })

  it.each([
    [{ dryrun: true }, 'dryrun'],
    [{ dryRun: 'yes' }, 'dryRun'],
    [{ force: 1 }, 'force'],
    [{ only: 'shop' }, 'only'],
    [{ only: [] }, 'only'],
    ['dryRun', 'expected object'],
    [[], 'expected object'],
  ])('%j is refused, and the message says why', (event, words) => {
    expect(() => parseInvocation(event)).toThrow(
      expect.objectContaining({ code: 'invocation/invalid', message: expect.stringContaining(words) }),
    )
  })

  it('names certificates that exist, and suggests the nearest one', () => {
    expect(() => checkNames(null, [])).not.toThrow()
    expect(() => checkNames(['shop'], ['shop', 'api'])).not.toThrow()
    expect(() => checkNames(['shpo'], ['shop', 'api'])).toThrow(
      'no certificate is named "shpo"; did you mean "shop"?',
    )
    expect(() => checkNames(['blog'], ['shop', 'api'])).toThrow('the names are "shop", "api"')
  })
})
