import { expect, it } from 'vitest'
import { RotationError } from '../../../lambda/domain/rotation-error.ts'
import type { MayWrite, Ports } from '../../../lambda/ports.ts'
import { guarded } from '../../../lambda/state/guard.ts'

type Methods = Record<string, (...args: never[]) => Promise<unknown>>

const WRITES: Readonly<Record<string, readonly string[]>> = {
  classic: ['attach'],
  store: ['upload', 'tag', 'remove'],
  proof: ['publish', 'cleanUp', 'cleanUpNoted'],
  authority: ['ready', 'order', 'answer', 'finalize'],
  keys: ['save', 'remove'],
  state: ['write', 'remove'],
}
const READS: Readonly<Record<string, readonly string[]>> = {
  classic: ['look'],
  store: ['list', 'read', 'quota'],
  proof: ['locate', 'awaitVisible'],
  authority: ['find'],
  keys: ['load'],
  state: ['read', 'replace'],
}

/** Each method writes down its name; those of the proof check for themselves before they write, as the port demands. */
function fakePorts(called: string[]): Ports {
  const entries = Object.keys(WRITES).map((port): [string, Methods] => {
    const methods = [...(WRITES[port] ?? []), ...(READS[port] ?? [])]
    const fakes = methods.map((method) => [
      method,
      async (_: unknown, mayWrite?: MayWrite) => {
        if (typeof mayWrite === 'function') await mayWrite()
        called.push(`${port}.${method}`)
      },
    ])
    return [port, Object.fromEntries(fakes) as Methods]
  })
  const { classic, ...others } = Object.fromEntries(entries)
  return { ...others, targets: { classic } } as unknown as Ports
}

it('lets a run that has lost the lease write nothing, and read everything', async () => {
  const called: string[] = []
  const lost = new RotationError('run/lease-lost', 'another run has taken over')
  const lease = { check: () => Promise.reject(lost), release: async () => undefined }
  const { targets, ...rest } = guarded(fakePorts(called), lease)
  const ports = { ...rest, ...targets } as unknown as Record<string, Record<string, () => Promise<void>>>
  for (const [port, methods] of Object.entries(WRITES))
    for (const method of methods)
      await expect(ports[port]?.[method]?.(), `${port}.${method}`).rejects.toBe(lost)
  expect(called).toEqual([])
  for (const [port, methods] of Object.entries(READS))
    for (const method of methods) await ports[port]?.[method]?.()
  expect(called).toHaveLength(Object.values(READS).flat().length)
})
