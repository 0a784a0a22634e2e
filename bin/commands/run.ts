/** `run`: one run with the caller's own credentials, or its plan alone. */
import { randomUUID } from 'node:crypto'
import { parseArgs } from 'node:util'
import { compose, systemTime } from '../../lambda/compose.ts'
import { DEFAULTS } from '../../lambda/domain/defaults.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../lambda/domain/instant.ts'
import { DEPLOYMENT_NAME } from '../../lambda/domain/names.ts'
import { RotationError } from '../../lambda/domain/rotation-error.ts'
import { logger } from '../../lambda/report/logger.ts'
import { checkNames } from '../../lambda/run/invocation.ts'
import { run } from '../../lambda/run/run.ts'
import { loadConfig } from '../../lib/config-file.ts'
import { EXIT_DONE, EXIT_FAILED, type Io } from '../io.ts'
import { planText, progressLine, reportText } from '../text.ts'

interface Option {
  readonly type: 'string' | 'boolean'
  readonly multiple?: true
  /** What follows it, in the usage text. */
  readonly value?: string
  readonly help: string
}

const OPTIONS = {
  config: { type: 'string', value: 'FILE', help: 'the configuration' },
  'dry-run': { type: 'boolean', help: 'print the plan with its reasons, and change nothing' },
  force: { type: 'boolean', help: 'issue new certificates even where nothing is due' },
  only: { type: 'string', multiple: true, value: 'NAME', help: 'only this certificate; may be repeated' },
  deployment: {
    type: 'string',
    value: 'NAME',
    help: `name of the deployment (default: ${DEFAULTS.deployment})`,
  },
  interval: {
    type: 'string',
    value: 'DURATION',
    help: 'time to the next run, for example 90m, 6h or 1d (default: 1d)',
  },
  json: { type: 'boolean', help: 'print events as JSON lines instead of text' },
} as const satisfies Record<string, Option>

const USAGE = `elb-cert-rotator run --config FILE [options]

Check the load balancers of FILE, and renew what is due. Uses your own AWS credentials. Running it means that
you agree to the terms of the CA that FILE names (Let's Encrypt when it names none).

${optionLines(OPTIONS)}

The region is AWS_REGION or AWS_DEFAULT_REGION; credentials are found as by the AWS CLI. AWS_ENDPOINT_URL and
NODE_EXTRA_CA_CERTS are honoured.
Exit code: 0 all is well, or a dry run made its plan; 1 something failed; 2 wrong usage or configuration.
`

function optionLines(options: Readonly<Record<string, Option>>): string {
  return Object.entries(options)
    .map(([name, { value, help }]) => `  ${`--${name}${value ? ` ${value}` : ''}`.padEnd(20)} ${help}`)
    .join('\n')
}

export const runCommand = {
  summary: 'renew what is due, or print the plan with --dry-run',
  usage: USAGE,

  async run(argv: readonly string[], io: Io): Promise<number> {
    const options = parse(argv)
    const { config, warnings } = loadConfig(options.config)
    checkNames(
      options.only,
      config.certificates.map(({ id }) => id),
    )
    const region = regionOf(io.env)
    const { deployment, intervalMs, json } = options
    const invocation = { only: options.only, force: options.force, dryRun: options.dryRun }
    const runId = randomUUID()
    const emit = logger(
      runId,
      () => systemTime.now(),
      (event) => {
        if (json) io.stdout(`${JSON.stringify(event)}\n`)
        else if (event.event === 'plan.made') printPlan(event)
        else for (const line of progressLine(event)) io.stderr(`${line}\n`)
      },
    )
    const ports = compose(config, { region, deployment, emit })
    const request = { runId, config, warnings, invocation, deployment, intervalMs, isTableExpected: false }
    const report = await run(request, ports, DEFAULTS)
    if (!json && report.outcomes.length > 0) io.stdout(reportText(report, invocation.dryRun))
    if (report.error) throw report.error
    return report.ok ? EXIT_DONE : EXIT_FAILED

    function printPlan(event: Parameters<typeof planText>[0]): void {
      // the first pass shows the plan; a later one is the proof, which the report covers
      if (event.pass === 1) io.stdout(planText(event))
      else if (event.actions.length > 0) io.stderr(planText(event))
    }
  },
}

interface Options {
  readonly config: string
  readonly only: readonly string[] | null
  readonly force: boolean
  readonly dryRun: boolean
  readonly json: boolean
  readonly deployment: string
  readonly intervalMs: number
}

function parse(argv: readonly string[]): Options {
  const values = readArguments(argv)
  if (values.config === undefined) throw new RotationError('usage/invalid', '--config FILE is missing')
  return {
    config: values.config,
    only: values.only ?? null,
    force: values.force ?? false,
    dryRun: values['dry-run'] ?? false,
    json: values.json ?? false,
    deployment: readDeployment(values.deployment),
    intervalMs: values.interval === undefined ? DEFAULTS.intervalMs : readDuration(values.interval),
  }
}

function readArguments(argv: readonly string[]) {
  try {
    return parseArgs({ args: [...argv], options: OPTIONS }).values
  } catch (cause) {
    const what = cause instanceof Error ? cause.message : String(cause)
    throw new RotationError('usage/invalid', what.split('. ')[0] ?? what, {}, { cause })
  }
}

function readDeployment(name: string = DEFAULTS.deployment): string {
  if (DEPLOYMENT_NAME.pattern.test(name)) return name
  throw new RotationError(
    'usage/invalid',
    `--deployment ${JSON.stringify(name)}: expected ${DEPLOYMENT_NAME.means}`,
  )
}

const UNITS: Readonly<Record<string, number>> = { m: MINUTE_MS, h: HOUR_MS, d: DAY_MS }

function readDuration(text: string): number {
  const parts = /^([1-9]\d{0,4})([mhd])$/.exec(text)
  if (!parts)
    throw new RotationError(
      'usage/invalid',
      `--interval ${text}: expected a duration, for example 90m, 6h or 1d`,
    )
  return Number(parts[1]) * (UNITS[parts[2] ?? ''] ?? 0)
}

function regionOf(env: Io['env']): string {
  const region = env['AWS_REGION'] || env['AWS_DEFAULT_REGION']
  if (region) return region
  throw new RotationError(
    'usage/invalid',
    'no region is given: set AWS_REGION to the region of the load balancers',
  )
}
