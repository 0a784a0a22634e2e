/** A sandbox without delays, and the clients' common options, for tests of one adapter over the wire. */
import { type Sandbox, type SandboxOptions, startSandbox } from '../sandbox/sandbox.ts'

export const CLIENT = {
  region: 'us-east-1',
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 1_000, requestTimeout: 1_000, throwOnRequestTimeout: true },
}

/** Where nothing hangs, a slow machine is waited for. */
export const PATIENT_CLIENT = { ...CLIENT, maxAttempts: 1, requestHandler: {} }

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
