/** Before and after the tests that synthesise what is deployed: the handler is bundled once, and nothing temporary stays. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildAll } from '../../scripts/build.ts'

export async function setup(): Promise<() => void> {
  await buildAll()
  // the CDK makes a folder for each app that names none, and never removes it
  const folder = mkdtempSync(join(tmpdir(), 'elb-cert-rotator-tests-'))
  process.env['TMPDIR'] = folder
  return () => rmSync(folder, { recursive: true, force: true })
}
