/** The scheduled function: its environment and packed configuration in, one run, and an error when any certificate failed. */
import { readFileSync } from 'node:fs'
import { compose, type Surroundings, systemTime } from './compose.ts'
import { parseConfig } from './config/parse.ts'
import { DEFAULTS } from './defaults.ts'
import { ENV } from './env.ts'
import { asRotationError, RotationError } from './errors.ts'
import { parseInvocation } from './invocation.ts'
import { isFailure } from './model.ts'
import { describeEnd, describeError } from './report/describe.ts'
import type { Level } from './report/events.ts'
import { logger } from './report/logger.ts'
import type { Report } from './run.ts'
import { run } from './run.ts'

/** What a test gives in the place of the function's surroundings. */
export type Seams = Partial<Pick<Surroundings, 'time' | 'settings' | 'dial' | 'makeKey'>> & {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly readConfig: () => string
  readonly log?: Record<Level, (line: string) => void>
}

export function createHandler({
  env,
  readConfig,
  time = systemTime,
  settings = DEFAULTS,
  log = console,
  ...seams
}: Seams) {
  return async (invocation: unknown): Promise<Pick<Report, 'ok' | 'outcomes'>> => {
    const emit = logger(time, (event) => log[event.level](JSON.stringify(event)))
    const startedAt = time.now()
    let prepared: Parameters<typeof run>[0]
    try {
      const { config, warnings } = parseConfig(readPacked(readConfig))
      prepared = {
        config,
        warnings,
        invocation: parseInvocation(withoutSchedule(invocation)),
        deployment: env[ENV.deployment] ?? DEFAULTS.deployment,
        intervalMs: readInterval(env[ENV.intervalMs]),
      }
    } catch (thrown) {
      const error = asRotationError(thrown)
      emit({ event: 'run.failed', error: describeError(error) })
      emit(describeEnd({ ok: false, outcomes: [] }, false, startedAt, time.now()))
      throw error
    }
    const { deployment, config } = prepared
    const region = env[ENV.region] ?? ''
    const ports = compose(config, { region, deployment, emit, time, settings, ...seams })
    const { ok, outcomes, error } = await run(prepared, ports, settings)
    if (error) throw error
    const failed = outcomes.filter(isFailure).map(({ certId }) => certId)
    if (!ok) throw new RotationError('run/failed', `failed for ${failed.join(', ')}`, { failed })
    return { ok, outcomes }
  }
}

/** A number that is none would compare as never due, in silence. */
function readInterval(text: string | undefined): number {
  if (text === undefined) return DEFAULTS.intervalMs
  const ms = Number(text)
  if (ms > 0 && Number.isFinite(ms)) return ms
  const what = `the environment's ${ENV.intervalMs} is ${JSON.stringify(text)}, expected milliseconds`
  throw new RotationError('config/invalid', what)
}

function readPacked(readConfig: () => string): string {
  try {
    return readConfig()
  } catch (cause) {
    const what = `the configuration beside the function cannot be read: ${(cause as Error).message}`
    throw new RotationError('config/unreadable', what, {}, { cause })
  }
}

/** The schedule's own event says nothing about what to do. */
function withoutSchedule(invocation: unknown): unknown {
  const isSchedule =
    typeof invocation === 'object' &&
    invocation !== null &&
    'source' in invocation &&
    'detail-type' in invocation
  return isSchedule ? {} : invocation
}

export const handler = createHandler({
  env: process.env,
  readConfig: () => readFileSync(new URL('./config.json', import.meta.url), 'utf8'),
})
