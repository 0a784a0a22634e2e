/** The process that is killed: the bundled handler, put together with the sandbox's clock and short waits. */
import { once } from 'node:events'
import { DEFAULTS } from '../../lambda/domain/defaults.ts'
import { createClock } from '../sandbox/clock.ts'
import type { ChildRequest } from './killable.ts'

const HANDLER = new URL('../../dist/handler/handler.mjs', import.meta.url)

const [{ config, now, speed, settings, places }] = (await once(process, 'message')) as [ChildRequest]
const { createHandler } = (await import(HANDLER.href)) as typeof import('../../lambda/handler.ts')
const handler = createHandler({
  env: process.env,
  readConfig: () => config,
  time: createClock(now, speed),
  settings: { ...DEFAULTS, ...settings },
  dial: async (dnsName, port) => [places[`${dnsName}:${port}`] ?? { host: '127.0.0.1', port: 9 }],
})
// what came of it is in its log
await handler({}).catch(() => undefined)
process.disconnect()
