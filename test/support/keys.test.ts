import { describe, expect, it } from 'vitest'
import { toTraditional } from '../../lambda/adapters/iam-store.ts'
import { generateKey } from '../../lambda/adapters/node-keys.ts'
import { leaksOf } from './keys.ts'

describe('the search for keys in output', () => {
  it.each(['rsa', 'ecdsa'] as const)(
    'finds a key of type %s in every form it may be printed in',
    async (keyType) => {
      const key = await generateKey(keyType)
      const pem = toTraditional(key)
      const der = key.export({ type: 'pkcs8', format: 'der' })
      const printed = [
        `an error with ${pem}`,
        JSON.stringify({ pem }),
        JSON.stringify({ text: JSON.stringify({ pem }) }),
        der.toString('base64'),
        der.toString('base64url'),
        `half of it: ${pem.split('\n').slice(1, 3).join('\n')}`,
      ]
      for (const output of printed) expect(leaksOf(key, output), output.slice(0, 60)).not.toEqual([])
    },
  )

  it('finds nothing of one key where another is printed', async () => {
    const [one, other] = [await generateKey('ecdsa'), await generateKey('ecdsa')]
    expect(leaksOf(one, toTraditional(other))).toEqual([])
  })
})
