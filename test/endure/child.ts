/** The process that is killed: the bundled handler, put together with the sandbox's clock and short waits. */
import { once } from 'node:events'
import { DEFAULTS } from '../../lambda/domain/defaults.ts'
import { sharedTime } from '../sandbox/shared-clock.ts'
import { PATIENT } from '../support/patient.ts'
import type { ChildRequest } from './killable.ts'

const HANDLER = new URL('../../dist/handler/handler.mjs', import.meta.url)

const time = sharedTime()
const [{ config, now, settings, places }] = (await once(process, 'message')) as [ChildRequest]
time.set(now)
const { createHandler } = (await import(HANDLER.href)) as typeof import('../../lambda/handler.ts')
const handler = createHandler({
  env: process.env,
  readConfig: () => config,
  time,
  settings: { ...DEFAULTS, ...PATIENT, ...settings },
  dial: async (dnsName, port) => [places[`${dnsName}:${port}`] ?? { host: '127.0.0.1', port: 9 }],
})
// what came of it is in its log
await handler({}).catch(() => undefined)
process.disconnect()
