import { expect, it } from 'vitest'
import { generateKey } from '../../../lambda/adapters/node-keys.ts'
import { RotationError } from '../../../lambda/domain/rotation-error.ts'
import { leaksOf } from '../../support/keys.ts'

it('repeats no key that a service repeats, whole or cut short, and keeps no cause that has one', async () => {
  const key = await generateKey('rsa')
  const pem = key.export({ type: 'pkcs8', format: 'pem' }) as string
  for (const text of [pem, pem.slice(0, 400), JSON.stringify(pem)]) {
    const cause = new Error(`invalid value ${text} for PrivateKey`)
    const error = new RotationError('store/refused', `IAM refuses it: ${cause.message}`, {}, { cause })
    expect(error.message).toMatch(/^IAM refuses it: invalid value "?\(left out\)/)
    expect(error.cause).toBeUndefined()
    expect(leaksOf(key, `${error.message}${error.stack}`)).toEqual([])
  }
})

it('keeps every other cause', () => {
  const cause = new Error('no')
  expect(new RotationError('store/refused', 'no', {}, { cause }).cause).toBe(cause)
})
