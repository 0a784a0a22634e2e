import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { type Stateful, statefulResources } from './stateful.ts'

const RELEASED = JSON.parse(readFileSync(new URL('stateful.json', import.meta.url), 'utf8')) as {
  readonly version: string
  readonly resources: Readonly<Record<string, Stateful>>
}

it('replaces no stateful resource of the last release: logs, topics, confirmed subscriptions and queues stay', () => {
  expect(Object.keys(RELEASED.resources).length).toBeGreaterThanOrEqual(4)
  const now = statefulResources()
  for (const [id, resource] of Object.entries(RELEASED.resources)) expect(now[id], id).toEqual(resource)
})
