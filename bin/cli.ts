#!/usr/bin/env node
/** The command line. Plans and reports go to stdout, progress and errors to stderr; the exit code is the result. */
import { asRotationError, RotationError } from '../lambda/domain/rotation-error.ts'
import { PRODUCT, VERSION } from '../lambda/domain/version.ts'
import { runCommand } from './commands/run.ts'
import { errorText } from './error-text.ts'
import { EXIT_DONE, EXIT_USAGE, type Io } from './io.ts'

interface Command {
  readonly summary: string
  readonly usage: string
  readonly run: (argv: readonly string[], io: Io) => Promise<number>
}

const COMMANDS: Readonly<Record<string, Command>> = { run: runCommand }

function usage(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(8)} ${summary}`)
  return `${PRODUCT} ${VERSION}: keeps the TLS certificates of AWS load balancers fresh\n\ncommands:\n${lines.join('\n')}\n\n${PRODUCT} COMMAND --help describes a command.\n`
}

export async function main(argv: readonly string[], io: Io): Promise<number> {
  const [name = '', ...rest] = argv
  if (name === '--version') {
    io.stdout(`${VERSION}\n`)
    return EXIT_DONE
  }
  if (name === '--help' || name === 'help') {
    io.stdout(usage())
    return EXIT_DONE
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  try {
    if (!command)
      throw new RotationError('usage/invalid', name === '' ? 'no command given' : `unknown command ${name}`)
    if (rest.includes('--help')) {
      io.stdout(command.usage)
      return EXIT_DONE
    }
    return await command.run(rest, io)
  } catch (thrown) {
    const error = asRotationError(thrown)
    io.stderr(errorText(error))
    return EXIT_CODES[error.code.split('/')[0] ?? ''] ?? 1
  }
}

const EXIT_CODES: Readonly<Record<string, number>> = {
  usage: EXIT_USAGE,
  config: EXIT_USAGE,
  invocation: EXIT_USAGE,
}

if (import.meta.main) {
  // a closed pipe must not end a rotation half-way
  const ignoreClosedPipe = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  }
  process.stdout.on('error', ignoreClosedPipe)
  process.stderr.on('error', ignoreClosedPipe)
  process.exitCode = await main(process.argv.slice(2), {
    env: process.env,
    stdout: (text) => process.stdout.write(text),
    stderr: (text) => process.stderr.write(text),
  })
}
