import { SSMClient } from '@aws-sdk/client-ssm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { generateKey } from '../../../lambda/adapters/node-keys.ts'
import { ssmAccounts } from '../../../lambda/adapters/ssm-accounts.ts'
import type { AccountRecord } from '../../../lambda/ports.ts'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { CLIENT, refusal, startQuickSandbox } from '../../support/adapters.ts'

const NAME = '/elb-cert-rotator/test/account/0123456789abcdef'

async function newRecord(number: number): Promise<AccountRecord> {
  const key = (await generateKey('ecdsa')).export({ type: 'pkcs8', format: 'pem' }) as string
  return { key, url: `https://ca.test/account/${number}` }
}

describe('the account', () => {
  let sandbox: Sandbox

  beforeEach(async () => {
    sandbox = await startQuickSandbox()
  })
  afterEach(() => sandbox.stop())

  const accounts = () => ssmAccounts(new SSMClient(CLIENT), NAME)

  it('is null at first, and then what was saved, encrypted', async () => {
    expect(await accounts().load()).toBeNull()
    const record = await newRecord(1)
    expect(await accounts().save(record)).toEqual(record)
    expect(await accounts().load()).toEqual(record)
    expect(sandbox.ssm.parameters.get(NAME)?.type).toBe('SecureString')
  })

  it('of the one who came first is kept: whoever loses the race gets that one', async () => {
    const [first, second] = [await newRecord(1), await newRecord(2)]
    await accounts().save(first)
    expect(await accounts().save(second)).toEqual(first)
    expect(await accounts().load()).toEqual(first)
  })

  it.each([
    ['no JSON', 'not json'],
    ['another version', '{"version":2,"key":"k","url":"https://ca.test/1"}'],
    [
      'no key',
      '{"version":1,"key":"-----BEGIN PRIVATE KEY-----\\nsecret\\n-----END PRIVATE KEY-----","url":"https://ca.test/1"}',
    ],
  ])('is refused when it is %s, and its value is in no message', async (_, value) => {
    sandbox.ssm.parameters.set(NAME, { type: 'SecureString', value, version: 1 })
    const { code, message } = await refusal(accounts().load())
    expect(code).toBe('account/unreadable')
    expect(message).toBe(
      `the SSM parameter ${NAME} holds no account key of version 1, and is not overwritten`,
    )
  })

  it('names the action when access is denied', async () => {
    sandbox.aws.allow(() => false)
    expect(await refusal(accounts().load())).toMatchObject({
      code: 'aws/access-denied',
      message: expect.stringContaining('ssm:GetParameter'),
    })
  })
})
