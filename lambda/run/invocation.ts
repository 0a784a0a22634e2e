/** What a run was asked to do. The schedule sends an empty object: an ordinary run. */
import * as z from 'zod'
import { nearest, show } from '../config/problems.ts'
import { RotationError } from '../domain/rotation-error.ts'

export interface Invocation {
  /** Names of entries to look at; `null` for all. */
  readonly only: readonly string[] | null
  /** Issue once, even what is not due. */
  readonly force: boolean
  /** Plan only; change nothing. */
  readonly dryRun: boolean
}

const shape = z.strictObject({
  only: z.array(z.string()).min(1).optional(),
  force: z.boolean().optional(),
  dryRun: z.boolean().optional(),
})

/** @throws RotationError invocation/invalid: a mistyped `dryRun` must not become a real run. */
export function parseInvocation(event: unknown): Invocation {
  const read = shape.safeParse(event ?? {})
  if (!read.success) {
    const faults = read.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`.trim())
    throw new RotationError(
      'invocation/invalid',
      `the invocation ${show(event)} is not valid: ${faults.join('; ')}`,
    )
  }
  return { only: read.data.only ?? null, force: read.data.force ?? false, dryRun: read.data.dryRun ?? false }
}

/** @throws RotationError invocation/unknown-name, with the nearest name that exists */
export function checkNames(only: readonly string[] | null, names: readonly string[]): void {
  for (const name of only ?? []) {
    if (names.includes(name)) continue
    const near = nearest(name, names)
    const looked = near ? `did you mean ${show(near)}?` : `the names are ${names.map(show).join(', ')}`
    throw new RotationError('invocation/unknown-name', `no certificate is named ${show(name)}; ${looked}`)
  }
}
