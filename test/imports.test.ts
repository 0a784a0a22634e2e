/** The import rules of the tree: they catch a seeded violation each, and they look at every file there is. */
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const RULES = /lint\/style\/(noRestrictedImports|noRestrictedGlobals|noProcessEnv|noDefaultExport)/

/** Where a violation is put, and the violation. */
const SEEDS = [
  ['lambda/plan/seed.ts', "export { readFileSync } from 'node:fs'"],
  ['lambda/plan/seed.ts', "export { connect } from 'node:net'"],
  ['lambda/plan/seed.ts', "export { route53Zones } from '../adapters/route53.ts'"],
  ['lambda/plan/seed.ts', 'export const now = () => Date.now()'],
  ['lambda/limits/seed.ts', 'export const now = () => performance.now()'],
  ['lambda/config/seed.ts', "export { IAMClient } from '@aws-sdk/client-iam'"],
  ['lambda/invocation.ts', "export { systemTime } from './compose.ts'"],
  ['lambda/names.ts', "export { lookup } from 'node:dns'"],
  ['lambda/errors.ts', 'export const args = process.argv'],
  ['lambda/issue/seed.ts', "export { Route53Client } from '@aws-sdk/client-route-53'"],
  ['lambda/issue/seed.ts', "export { Stack } from 'aws-cdk-lib'"],
  ['lambda/issue/seed.ts', "export { iamStore } from '../adapters/iam-store.ts'"],
  ['lambda/observe/seed.ts', 'export const region = process.env.AWS_REGION'],
  ['lambda/run.ts', 'export const stop = () => { process.exitCode = 1 }'],
  ['lambda/seed.ts', "export { loadConfig } from '../lib/config-file.ts'"],
  ['lambda/seed.ts', "export { startSandbox } from '../test/sandbox/sandbox.ts'"],
  ['lambda/adapters/seed.ts', "export { iamStore } from './iam-store.ts'"],
  ['lambda/adapters/seed.ts', "export { Client } from 'acme-client'"],
  ['lambda/adapters/acme/seed.ts', "export { iamStore } from '../iam-store.ts'"],
  ['lambda/adapters/acme/seed.ts', "export { Client } from 'acme-client'"],
  ['lambda/compose.ts', "export { Client } from 'acme-client'"],
  ['lib/seed.ts', "export { run } from '../lambda/run.ts'"],
  ['lib/seed.ts', "export { iamStore } from '../lambda/adapters/iam-store.ts'"],
  ['lib/seed.ts', 'export const home = process.env.HOME'],
  ['lambda/issue/seed.ts', 'export default 1'],
] as const

/** What the rules must let through. */
const ALLOWED = [
  [
    'lambda/adapters/fine.ts',
    "export { IAMClient } from '@aws-sdk/client-iam'\nexport { awsCall } from '../aws-call.ts'",
  ],
  [
    'lambda/adapters/acme/fine.ts',
    "export { explain } from './problem.ts'\nexport { poll } from '../../poll.ts'",
  ],
  ['lambda/adapters/acme/authority.ts', "export { Client } from 'acme-client'"],
  [
    'lambda/plan/fine.ts',
    "export { createHash } from 'node:crypto'\nexport { covers } from '../config/hosts.ts'",
  ],
  ['lambda/handler.ts', 'export const region = process.env.AWS_REGION'],
  [
    'lib/fine.ts',
    "export { parseConfig } from '../lambda/config/parse.ts'\nexport { ENV } from '../lambda/env.ts'",
  ],
  ['bin/fine.ts', "export { run } from '../lambda/run.ts'\nexport const home = process.env.HOME"],
] as const

describe('the import rules', () => {
  const folder = mkdtempSync(join(tmpdir(), 'elb-cert-rotator-seeds-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each(SEEDS)('refuse in %s: %s', (file, text) => {
    expect(lint(file, text)).toMatch(RULES)
  })

  it.each(ALLOWED)('allow in %s: %s', (file, text) => {
    expect(lint(file, text)).not.toMatch(RULES)
  })

  it('look at every TypeScript file of the tree', () => {
    const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'], {
      cwd: ROOT,
      encoding: 'utf8',
    })
    const files = listed.split('\n').filter((file) => file !== '')
    const { stdout } = biome(['lint', '--reporter=json', '--max-diagnostics=none', ...files], ROOT)
    const { summary } = JSON.parse(stdout) as { summary: { unchanged: number; changed: number } }
    expect(files.length).toBeGreaterThan(60)
    expect(summary.unchanged + summary.changed).toBe(files.length)
  })

  it('let each adapter use one SDK client', () => {
    const adapters = new URL('../lambda/adapters/', import.meta.url)
    const clients = readdirSync(adapters)
      .filter((file) => file.endsWith('.ts'))
      .map(
        (file) =>
          new Set(readFileSync(new URL(file, adapters), 'utf8').match(/@aws-sdk\/client-[a-z0-9-]+/g) ?? [])
            .size,
      )
    expect(clients.filter((count) => count === 1)).toHaveLength(7)
    expect(Math.max(...clients)).toBe(1)
  })

  it('leave chance out of the pure modules and stages: no Math.random anywhere at run time', () => {
    const listed = execFileSync('git', ['ls-files', 'lambda', 'lib', 'bin'], { cwd: ROOT, encoding: 'utf8' })
    const files = listed.split('\n').filter((file) => file.endsWith('.ts'))
    expect(files.length).toBeGreaterThan(40)
    expect(files.filter((file) => readFileSync(join(ROOT, file), 'utf8').includes('Math.random'))).toEqual([])
  })

  function lint(file: string, text: string): string {
    cpSync(join(ROOT, 'biome.json'), join(folder, 'biome.json'))
    const config = JSON.parse(readFileSync(join(folder, 'biome.json'), 'utf8')) as { vcs: object }
    writeFileSync(join(folder, 'biome.json'), JSON.stringify({ ...config, vcs: { enabled: false } }))
    const path = join(folder, file)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, `${text}\n`)
    const { stdout, stderr } = biome(['lint', file], folder)
    rmSync(path)
    return stdout + stderr
  }

  function biome(args: readonly string[], cwd: string): { stdout: string; stderr: string } {
    const { stdout, stderr } = spawnSync(join(ROOT, 'node_modules/.bin/biome'), args, {
      cwd,
      encoding: 'utf8',
    })
    return { stdout, stderr }
  }
})
