/** Every import line of the tree, held to the rules of `import-rules.ts`. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { faultOf, type ImportLine, RULES, roomOf } from './import-rules.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** `import … from`, `export … from`, a bare `import`, and `import()` with a fixed name; types included. */
const IMPORT = /\b(?:from|import)\s*\(?\s*'([^']+)'/g

function importsOf(file: string, text: string): ImportLine[] {
  return [...text.matchAll(IMPORT)].map(([, name = '']) => {
    return { file, imported: name.startsWith('.') ? normalize(join(dirname(file), name)) : name }
  })
}

function faultsIn(file: string, text: string): string[] {
  return importsOf(file, text).flatMap((line) => faultOf(line) ?? [])
}

const FILES = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.ts'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /^(lambda|lib|bin)\//.test(file))
const TEXTS = new Map(FILES.map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]))
const LINES = [...TEXTS].flatMap(([file, text]) => importsOf(file, text))

function filesWith(text: RegExp): string[] {
  return [...TEXTS].filter(([, found]) => text.test(found)).map(([file]) => file)
}

describe('the import rules', () => {
  it('hold for every import line of lambda, lib and bin', () => {
    expect(FILES.length).toBeGreaterThan(130)
    expect(LINES.length).toBeGreaterThan(600)
    expect(LINES.flatMap((line) => faultOf(line) ?? [])).toEqual([])
  })

  it('have a row for every file', () => {
    expect(FILES.filter((file) => roomOf(file) === null)).toEqual([])
  })

  it('have no row, room or package that nothing needs', () => {
    const used = (row: string, name: string) =>
      LINES.some(({ file, imported }) => {
        if (roomOf(file)?.room !== row) return false
        return name.endsWith('*')
          ? imported.startsWith(name.slice(0, -1))
          : imported === name || roomOf(imported)?.room === name
      })
    const unused = RULES.flatMap(({ room, rooms, packages }) =>
      [...rooms, ...packages].filter((name) => !used(room, name)).map((name) => `${room}: ${name}`),
    )
    expect(unused).toEqual([])
  })

  it('form no circle, and run from the top down', () => {
    const order = RULES.map(({ room }) => room)
    const notBelow = RULES.flatMap(({ room, rooms }, at) =>
      rooms.filter((other) => order.indexOf(other) <= at).map((other) => `${room} -> ${other}`),
    )
    expect(notBelow, 'every name is a row further down').toEqual([])
  })

  it('leave no circle among the files', () => {
    const edges = new Map(FILES.map((file) => [file, new Set<string>()]))
    for (const { file, imported } of LINES) if (edges.has(imported)) edges.get(file)?.add(imported)
    // take away what imports nothing that is left, until nothing changes: a circle remains
    for (let size = -1; size !== edges.size; ) {
      size = edges.size
      for (const [file, targets] of edges)
        if (![...targets].some((target) => edges.has(target))) edges.delete(file)
    }
    expect([...edges.keys()]).toEqual([])
  })

  it('leave at most eight files beside the rooms of lambda', () => {
    expect(FILES.filter((file) => file.split('/').length === 2 && file.startsWith('lambda/'))).toHaveLength(7)
  })

  it('let each adapter use one SDK client', () => {
    const adapters = FILES.filter((file) => file.startsWith('lambda/adapters/'))
    const clients = adapters.map((file) => {
      const imported = LINES.filter((line) => line.file === file).map((line) => line.imported)
      return new Set(imported.filter((name) => name.startsWith('@aws-sdk/'))).size
    })
    expect(Math.max(...clients)).toBe(1)
    expect(clients.filter((count) => count === 1).length).toBeGreaterThan(6)
  })

  it('leave chance out of everything: no Math.random', () => {
    expect(filesWith(/Math\.random/)).toEqual([])
  })

  it('leave chance out of pure rooms: no random bytes either', () => {
    const pure = /^lambda\/(domain|config|plan|limits|report)\//
    expect(filesWith(/\brandom[A-Z]\w*|getRandomValues/).filter((file) => pure.test(file))).toEqual([])
  })

  it('let process.exitCode be written in bin alone', () => {
    expect(filesWith(/process\.exitCode/).filter((file) => !file.startsWith('bin/'))).toEqual([])
  })
})

const SEEDS: readonly [file: string, text: string][] = [
  ['lambda/domain/seed.ts', "import type { Plan } from '../plan/plan.ts'"],
  ['lambda/domain/seed.ts', "import { lookup } from 'node:dns'"],
  ['lambda/config/seed.ts', "import { IAMClient } from '@aws-sdk/client-iam'"],
  ['lambda/config/seed.ts', "import { limit } from '../limits/limits.ts'"],
  ['lambda/plan/seed.ts', "import { readFileSync } from 'node:fs'"],
  ['lambda/plan/seed.ts', "import type { Memory } from '../state/memory.ts'"],
  ['lambda/plan/seed.ts', "import { route53Zones } from '../adapters/dns-01/route53.ts'"],
  ['lambda/limits/seed.ts', "import { outcomeOf } from '../report/outcomes.ts'"],
  ['lambda/report/seed.ts', "import type { Ports } from '../ports.ts'"],
  ['lambda/ports.ts', "import type { Plan } from './plan/plan.ts'"],
  ['lambda/parallel.ts', "import { poll } from './poll.ts'"],
  ['lambda/poll.ts', "import { setTimeout } from 'node:timers/promises'"],
  ['lambda/adapters/seed.ts', "import { iamStore } from './iam-store.ts'"],
  ['lambda/adapters/seed.ts', "import { Client } from 'acme-client'"],
  ['lambda/adapters/seed.ts', "import { explain } from './acme/problem.ts'"],
  ['lambda/adapters/acme/seed.ts', "import { iamStore } from '../iam-store.ts'"],
  ['lambda/adapters/acme/seed.ts', "import { Client } from 'acme-client'"],
  ['lambda/adapters/acme/seed.ts', "import { acmeAuthority } from './authority.ts'"],
  ['lambda/adapters/ssm-parameter.ts', "import { ssmKeys } from './ssm-keys.ts'"],
  ['lambda/adapters/aws-call.ts', "import { parameterStore } from './ssm-parameter.ts'"],
  ['lambda/adapters/dns-01/seed.ts', "import { iamStore } from '../iam-store.ts'"],
  ['lambda/adapters/acme/authority.ts', "import { IAMClient } from '@aws-sdk/client-iam'"],
  ['lambda/state/seed.ts', "import { plan } from '../plan/plan.ts'"],
  ['lambda/context.ts', "import { plan } from './plan/plan.ts'"],
  ['lambda/observe.ts', "import { plan } from './plan/plan.ts'"],
  ['lambda/ari/seed.ts', "import { issueAll } from '../issue/issue.ts'"],
  ['lambda/issue/seed.ts', "import { Route53Client } from '@aws-sdk/client-route-53'"],
  ['lambda/issue/seed.ts', "import { Stack } from 'aws-cdk-lib'"],
  ['lambda/install/seed.ts', "import { act } from '../run/act.ts'"],
  ['lambda/clean-up/seed.ts', "import { storeAll } from '../install/store.ts'"],
  ['lambda/run/seed.ts', "import { compose } from '../compose.ts'"],
  ['lambda/compose.ts', "import { Client } from 'acme-client'"],
  ['lambda/compose.ts', "import { run } from './run/run.ts'"],
  ['lambda/handler.ts', "import { iamStore } from './adapters/iam-store.ts'"],
  ['lambda/handler.ts', "import { loadConfig } from '../lib/config-file.ts'"],
  ['lambda/handler.ts', "import { startSandbox } from '../test/sandbox/sandbox.ts'"],
  ['lib/seed.ts', "import { run } from '../lambda/run/run.ts'"],
  ['lib/seed.ts', "const late = () => import('../lambda/adapters/iam-store.ts')"],
  ['bin/seed.ts', "import { iamStore } from '../lambda/adapters/iam-store.ts'"],
]

describe('a seeded violation', () => {
  it.each(SEEDS)('is refused in %s: %s', (file, text) => {
    expect(faultsIn(file, text)).toHaveLength(1)
  })

  it('is seeded for every row', () => {
    const seeded = new Set(SEEDS.map(([file]) => roomOf(file)))
    expect(RULES.filter((row) => !seeded.has(row)).map(({ room }) => room)).toEqual([])
  })

  it.each([
    ['lambda/adapters/fine.ts', "import { awsCall } from './aws-call.ts'"],
    ['lambda/adapters/acme/fine.ts', "import { AcmeProblem } from './transport.ts'"],
    ['lambda/adapters/acme/authority.ts', "import { explain } from './problem.ts'"],
    ['lambda/plan/fine.ts', "import { covers } from '../domain/hosts.ts'"],
    ['lib/fine.ts', "import { parseConfig } from '../lambda/config/parse.ts'"],
  ])('is not seen where there is none, in %s: %s', (file, text) => {
    expect(faultsIn(file, text)).toEqual([])
  })
})
