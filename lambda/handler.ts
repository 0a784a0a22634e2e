/** The scheduled function: its environment and packed configuration in, one run, and an error when any certificate failed. */
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { compose, type Surroundings, systemTime } from './compose.ts'
import { parseConfig } from './config/parse.ts'
import { DEFAULTS, type Settings } from './domain/defaults.ts'
import { ENV } from './domain/env.ts'
import type { Level, LoggedEvent } from './domain/events.ts'
import { isFailure } from './domain/model.ts'
import { asRotationError, describeError, RotationError } from './domain/rotation-error.ts'
import type { Time } from './ports.ts'
import { describeEnd } from './report/describe.ts'
import { logger } from './report/logger.ts'
import { metricLine, metricsOf } from './report/metric-line.ts'
import { type Invocation, parseInvocation } from './run/invocation.ts'
import type { Report } from './run/run.ts'
import { run } from './run/run.ts'

/** What a test replaces. */
export type TestHooks = Partial<Pick<Surroundings, 'time' | 'settings' | 'dial' | 'makeKey'>> & {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly readConfig: () => string
  readonly log?: Record<Level, (event: LoggedEvent) => void>
  /** Receives each line as it has to be on stdout. */
  readonly writeMetrics?: (line: string) => void
}

/** The part of Lambda's context that is used. */
export interface LambdaContext {
  readonly getRemainingTimeInMillis?: () => number
}

export function createHandler({
  env,
  readConfig,
  time: clock = systemTime,
  settings = DEFAULTS,
  log = console,
  // not through console: the managed runtime would wrap the line, and CloudWatch would find no metrics
  writeMetrics = (line) => void process.stdout.write(`${line}\n`),
  ...hooks
}: TestHooks) {
  return async (
    invocation: unknown,
    context: LambdaContext = {},
  ): Promise<Pick<Report, 'ok' | 'outcomes'>> => {
    const time = withEnd(clock, context, settings)
    const runId = randomUUID()
    const emit = logger(
      runId,
      () => time.now(),
      (event) => log[event.level](event),
    )
    const startedAt = time.now()
    let prepared: Parameters<typeof run>[0]
    try {
      const { config, warnings } = parseConfig(readPacked(readConfig))
      prepared = {
        config,
        warnings,
        invocation: parseInvocation(invocation),
        deployment: env[ENV.deployment] ?? DEFAULTS.deployment,
        intervalMs: readInterval(env[ENV.intervalMs]),
        runId,
        isTableExpected: true,
      }
    } catch (thrown) {
      const error = asRotationError(thrown)
      emit({ event: 'run.failed', error: describeError(error) })
      emit(describeEnd({ ok: false, outcomes: [] }, false, startedAt, time.now()))
      throw error
    }
    const { deployment, config } = prepared
    const region = env[ENV.region] ?? ''
    const ports = compose(config, { region, deployment, emit, time, settings, ...hooks })
    const report = await run(prepared, ports, settings)
    if (isWhole(prepared.invocation) && !report.isYielded) {
      const values = metricsOf(report, config.certificates.length, time.now())
      writeMetrics(metricLine(deployment, time.now(), values))
    }
    const { ok, outcomes, error } = report
    if (error) throw error
    const failed = outcomes.filter(isFailure).map(({ certId }) => certId)
    if (!ok) throw new RotationError('run/failed', `failed for ${failed.join(', ')}`, { failed })
    return { ok, outcomes }
  }
}

/** A run that Lambda kills reports nothing, so it ends by itself before that. */
function withEnd(time: Time, { getRemainingTimeInMillis }: LambdaContext, settings: Settings): Time {
  if (!getRemainingTimeInMillis) return time
  return { ...time, stopAt: time.now() + getRemainingTimeInMillis() - settings.reserveMs }
}

/** A run of some certificates only, or a dry run, must neither turn an alarm green nor count as the scheduled run. */
function isWhole({ only, dryRun }: Invocation): boolean {
  return only === null && !dryRun
}

/** NaN would silently compare as never due. */
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

export const handler = createHandler({
  env: process.env,
  readConfig: () => readFileSync(new URL('./config.json', import.meta.url), 'utf8'),
})
