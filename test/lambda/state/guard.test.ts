import { expect, it } from 'vitest'
import { RotationError } from '../../../lambda/errors.ts'
import type { Ports } from '../../../lambda/ports.ts'
import { guarded } from '../../../lambda/state/guard.ts'

const WRITES: Readonly<Record<string, readonly string[]>> = {
  loadBalancers: ['attach'],
  store: ['upload', 'tag', 'remove'],
  zones: ['change'],
  authority: ['ready', 'order', 'answer', 'finalize'],
  keys: ['save', 'remove'],
  state: ['write', 'remove'],
}
const READS: Readonly<Record<string, readonly string[]>> = {
  loadBalancers: ['list'],
  store: ['list', 'read', 'quota'],
  zones: ['list', 'read', 'isInSync'],
  authority: ['find'],
  keys: ['load'],
  state: ['read', 'replace'],
}

function fakePorts(called: string[]): Ports {
  const entries = Object.keys(WRITES).map((port) => {
    const methods = [...(WRITES[port] ?? []), ...(READS[port] ?? [])]
    const fakes = methods.map((method) => [method, async () => void called.push(`${port}.${method}`)])
    return [port, Object.fromEntries(fakes)]
  })
  return Object.fromEntries(entries) as Ports
}

it('lets nothing be written by who has lost the lease, and everything be read', async () => {
  const called: string[] = []
  const lost = new RotationError('run/lease-lost', 'another run has taken over')
  const lease = { check: () => Promise.reject(lost), release: async () => undefined }
  const ports = guarded(fakePorts(called), lease) as unknown as Record<
    string,
    Record<string, () => Promise<void>>
  >
  for (const [port, methods] of Object.entries(WRITES))
    for (const method of methods)
      await expect(ports[port]?.[method]?.(), `${port}.${method}`).rejects.toBe(lost)
  expect(called).toEqual([])
  for (const [port, methods] of Object.entries(READS))
    for (const method of methods) await ports[port]?.[method]?.()
  expect(called).toHaveLength(Object.values(READS).flat().length)
})
