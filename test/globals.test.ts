/** The linter's rules on globals: one start of it over seeded violations, and over what it must let through. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const REFUSED: Readonly<Record<string, string>> = {
  'lambda/domain/seed.ts': 'export const now = () => Date.now()',
  'lambda/config/seed.ts': "export const get = () => fetch('https://example.com')",
  'lambda/plan/seed.ts': 'export const now = () => performance.now()',
  'lambda/limits/seed.ts': 'export const later = () => setTimeout(() => undefined, 1)',
  'lambda/report/seed.ts': "export const log = () => console.log('x')",
  'lambda/observe.ts': 'export const region = process.env.AWS_REGION',
  'lambda/run/seed.ts': 'export const stop = () => { process.exitCode = 1 }',
  'lib/seed.ts': 'export const home = process.env.HOME',
  'lambda/issue/seed.ts': 'export default 1',
}
const ALLOWED: Readonly<Record<string, string>> = {
  'lambda/handler.ts': 'export const region = process.env.AWS_REGION',
  'lambda/domain/instant.ts': 'export const day = (at: number) => new Date(at)',
  'lambda/issue/fine.ts': 'export const now = () => Date.now()',
  'bin/fine.ts': 'export const home = process.env.HOME',
}

it('are refused in pure rooms, and the environment everywhere but in the handler and bin', () => {
  const folder = mkdtempSync(join(tmpdir(), 'elb-cert-rotator-globals-'))
  try {
    const config = JSON.parse(readFileSync(join(ROOT, 'biome.json'), 'utf8')) as { vcs: object }
    const files = {
      ...REFUSED,
      ...ALLOWED,
      'biome.json': JSON.stringify({ ...config, vcs: { enabled: false } }),
    }
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true })
      writeFileSync(join(folder, file), `${text}\n`)
    }
    const args = ['lint', '--reporter=github', '--max-diagnostics=none', 'lambda', 'lib', 'bin']
    const { stdout } = spawnSync(join(ROOT, 'node_modules/.bin/biome'), args, {
      cwd: folder,
      encoding: 'utf8',
    })
    const rules = /lint\/style\/(?:noRestrictedGlobals|noProcessEnv|noDefaultExport)/
    const flagged = stdout.split('\n').filter((line) => rules.test(line))
    const filesOf = new Set(flagged.map((line) => /file=([^,]+)/.exec(line)?.[1]))
    expect([...filesOf].map((file) => file?.replace(`${folder}/`, '')).sort()).toEqual(
      Object.keys(REFUSED).sort(),
    )
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
