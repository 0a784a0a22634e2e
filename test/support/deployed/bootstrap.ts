/**
 * Lambda's runtime for Node, as far as a function can notice: it loads the handler that is named from the folder of the
 * asset, hands it one event after the other, and writes the console as the JSON log format has it.
 *
 * The format, and the words for an error, are those of aws-lambda-ric 3.3.0 (`formatJsonMessage`, `logError`).
 */
import { existsSync, readFileSync } from 'node:fs'
import { format } from 'node:util'
import { DEFAULTS } from '../../../lambda/domain/defaults.ts'
import { sharedTime } from '../../sandbox/shared-clock.ts'
import { PATIENT } from '../patient.ts'
import { endOf, type Failure, type Invoke, type Invoked, isInvoke } from './protocol.ts'

type Handler = (event: unknown, context: Context) => Promise<unknown>

/** As much of it as a function is given here. */
interface Context {
  readonly awsRequestId: string
  readonly getRemainingTimeInMillis: () => number
}

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const
let requestId = ''
const time = sharedTime()

function patchConsole(least: string): void {
  for (const [at, level] of LEVELS.entries()) {
    const isWritten = at >= LEVELS.indexOf(least.toLowerCase() as (typeof LEVELS)[number])
    console[level] = (...given: unknown[]) => {
      if (isWritten) process.stdout.write(`${toLine(level.toUpperCase(), given)}\n`)
    }
  }
  console.log = console.info
}

function toLine(level: string, given: readonly unknown[]): string {
  const line = { timestamp: new Date().toISOString(), level, requestId }
  const message = given.length === 1 ? given[0] : format(...given)
  return JSON.stringify({ ...line, message }, (_, value) =>
    value instanceof Error ? { ...describe(value), ...value } : value,
  )
}

function describe(error: Error): Failure {
  return {
    errorType: error.constructor.name,
    errorMessage: error.message,
    stackTrace: error.stack?.split('\n') ?? [],
  }
}

async function load(world: Invoke['world']): Promise<Handler> {
  const folder = process.env['LAMBDA_TASK_ROOT'] ?? ''
  const [file, name] = (process.env['_HANDLER'] ?? '').split('.')
  const module = await import(`${folder}/${file}.mjs`)
  if (!world) return module[name ?? '']
  const { places } = world
  return module.createHandler({
    env: process.env,
    readConfig: () => readFileSync(`${folder}/config.json`, 'utf8'),
    time,
    settings: { ...DEFAULTS, ...PATIENT },
    dial: async (dnsName: string, port: number) => [
      places[`${dnsName}:${port}`] ?? { host: '127.0.0.1', port: 9 },
    ],
  })
}

async function invoke({ event, world, timeoutMs }: Invoke): Promise<Invoked> {
  const begun = performance.now()
  let loaded = begun
  const report = () => ({
    durationMs: Math.round(performance.now() - loaded),
    initMs: Math.round(loaded - begun),
    maxMemoryMb: maxMemoryMb(),
  })
  try {
    const handler = await load(world)
    loaded = performance.now()
    const spentMs = () => (world ? time.now() - world.now : performance.now() - begun)
    const context: Context = {
      awsRequestId: requestId,
      getRemainingTimeInMillis: () => timeoutMs - spentMs(),
    }
    return { result: await handler(event, context), report: report() }
  } catch (thrown) {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown))
    console.error(error)
    return { ...describe(error), report: report() }
  }
}

/** Where Linux tells it; `resourceUsage().maxRSS` begins with what the parent had at the fork. */
function maxMemoryMb(): number {
  const status = '/proc/self/status'
  if (!existsSync(status)) return Math.round(process.resourceUsage().maxRSS / 1024)
  const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(status, 'utf8')) ?? []
  return Math.round(Number(kilobytes) / 1024)
}

patchConsole(process.env['AWS_LAMBDA_LOG_LEVEL'] ?? 'trace')
process.on('message', async (message: object) => {
  if (!isInvoke(message)) return
  requestId = message.requestId
  if (message.world) time.set(message.world.now)
  const invoked = await invoke(message)
  // on a line of its own, whatever was written before
  process.stdout.write(`\n${endOf(requestId)}\n`)
  process.send?.(invoked)
})
