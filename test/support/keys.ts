/** Whether a private key is in what was printed. */
import { createPrivateKey, type KeyObject } from 'node:crypto'
import type { Sandbox } from '../sandbox/sandbox.ts'

/** Every private key that a sandbox has come to know: uploaded, bought, and of accounts. */
export function keysIn(sandbox: Pick<Sandbox, 'iam' | 'ssm'>): KeyObject[] {
  const accounts = [...sandbox.ssm.parameters]
    .filter(([name]) => name.startsWith('/elb-cert-rotator/'))
    .map(([, { value }]) => (JSON.parse(value) as { key: string }).key)
  return [...sandbox.iam.all().map(({ privateKey }) => privateKey), ...accounts].map((pem) =>
    createPrivateKey(pem),
  )
}

/** A PEM line holds 64 characters; what is shorter may be there by chance. */
const LINE = 64
const SHORTEST = 40

/** @returns the forms in which `key` is in `output`; empty when it is not there */
export function leaksOf(key: KeyObject, output: string): string[] {
  const plain = output.replace(/\\[nr]|\s/g, '')
  return forms(key).flatMap(({ name, text }) => {
    const lines = text.match(new RegExp(`.{1,${LINE}}`, 'g')) ?? []
    return lines.some((line) => line.length >= SHORTEST && plain.includes(line)) ? [name] : []
  })
}

/** DER in base64 (which is the body of the PEM as well) and in base64url, of every format a key is exported in. */
function forms(key: KeyObject): { name: string; text: string }[] {
  const traditional = key.asymmetricKeyType === 'rsa' ? 'pkcs1' : 'sec1'
  return (['pkcs8', traditional] as const).flatMap((type) => {
    const der = key.export({ type, format: 'der' }) as Buffer
    return (['base64', 'base64url'] as const).map((encoding) => ({
      name: `${type} in ${encoding}`,
      text: der.toString(encoding),
    }))
  })
}
