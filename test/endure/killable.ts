/** The bundled handler in a process of its own, which can be killed at any call. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Clock } from '../sandbox/clock.ts'
import { shareClock } from '../sandbox/shared-clock.ts'

const CHILD = fileURLToPath(new URL('./child.ts', import.meta.url))

export interface ChildRequest {
  readonly config: string
  readonly now: number
  readonly settings: object
  readonly places: Readonly<Record<string, { readonly host: string; readonly port: number }>>
}

export interface Killable {
  /** @returns what it wrote until it ended or was killed */
  run(request: ChildRequest): Promise<{ readonly output: string }>
  kill(): void
}

export function killable(env: Readonly<Record<string, string>>, clock: Clock): Killable {
  let child: ChildProcess | null = null
  return {
    async run(request) {
      const started = fork(CHILD, { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [], env })
      child = started
      shareClock(started, clock)
      let output = ''
      for (const stream of [started.stdout, started.stderr])
        stream?.setEncoding('utf8').on('data', (text: string) => {
          output += text
        })
      started.send(request)
      const [code, signal] = await once(started, 'close')
      if (code !== 0 && signal !== 'SIGKILL') throw new Error(`the function's process failed: ${output}`)
      return { output }
    },
    kill() {
      child?.kill('SIGKILL')
    },
  }
}
