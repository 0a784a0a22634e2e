/** A sandbox without delays, and the clients' common options, for tests of one adapter over the wire. */
import { type Sandbox, type SandboxOptions, startSandbox } from '../sandbox/sandbox.ts'

/** Without time-outs: where nothing hangs, a busy machine is waited for. */
export const CLIENT = { region: 'us-east-1', maxAttempts: 2 }
/** Each refusal is seen. */
export const ONE_TRY_CLIENT = { ...CLIENT, maxAttempts: 1 }

export async function startQuickSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox({
    propagationMs: 0,
    spreadMs: 0,
    ...options,
    ca: { validationDelayMs: 0, finalizeDelayMs: 0, ...options.ca },
  })
  Object.assign(process.env, sandbox.env)
  return sandbox
}

/** What a promise was rejected with, as code and message. */
export async function refusal(work: Promise<unknown>): Promise<{ code?: string; message: string }> {
  try {
    await work
  } catch (error) {
    return error as { code?: string; message: string }
  }
  throw new Error('nothing was refused')
}
