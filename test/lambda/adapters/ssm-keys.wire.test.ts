import { SSMClient } from '@aws-sdk/client-ssm'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { generateKey } from '../../../lambda/adapters/node-keys.ts'
import { ssmKeys } from '../../../lambda/adapters/ssm-keys.ts'
import { KEY_TYPES } from '../../../lambda/domain/model.ts'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { CLIENT, refusal, startQuickSandbox } from '../../support/adapters.ts'

const NAME = '/elb-cert-rotator/shop/key/0123'

describe('the key of an order in flight', () => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await startQuickSandbox()
  })
  beforeEach(() => {
    sandbox.ssm.parameters.clear()
    sandbox.aws.intercept(null)
  })
  afterAll(() => sandbox.stop())

  const keys = () => ssmKeys(new SSMClient(CLIENT))

  it.each(KEY_TYPES)('of type %s fits into a parameter, encrypted, and comes back', async (keyType) => {
    const key = await generateKey(keyType)
    expect((await keys().save(NAME, key)).equals(key)).toBe(true)
    expect(sandbox.ssm.parameters.get(NAME)?.type).toBe('SecureString')
    expect((await keys().load(NAME))?.equals(key)).toBe(true)
  })

  it('is not written over: the one that is there counts', async () => {
    const [first, second] = [await generateKey('ecdsa'), await generateKey('ecdsa')]
    await keys().save(NAME, first)
    expect((await keys().save(NAME, second)).equals(first)).toBe(true)
  })

  it('is saved also when the first answer was lost', async () => {
    sandbox.aws.intercept(({ count }) => (count === 1 ? 'lost' : null))
    const key = await generateKey('ecdsa')
    expect((await keys().save(NAME, key)).equals(key)).toBe(true)
  })

  it('is null when there is none, and removing none is success', async () => {
    expect(await keys().load(NAME)).toBeNull()
    await keys().remove(NAME)
  })

  it('is gone when it was removed', async () => {
    await keys().save(NAME, await generateKey('ecdsa'))
    await keys().remove(NAME)
    expect(sandbox.ssm.parameters.size).toBe(0)
  })

  it.each(['', 'secret words', '{"version":2,"key":"secret words"}', '{"version":1,"key":"secret words"}'])(
    'fails with key/unreadable for %j, and tells nothing of it',
    async (value) => {
      sandbox.ssm.parameters.set(NAME, { type: 'SecureString', value, version: 1 })
      for (const call of [
        () => keys().load(NAME),
        async () => keys().save(NAME, await generateKey('ecdsa')),
      ]) {
        const { code, message } = await refusal(call())
        expect(code).toBe('key/unreadable')
        expect(message).toBe(`the SSM parameter ${NAME} holds no private key of version 1`)
      }
    },
  )
})
