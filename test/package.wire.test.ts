/** The package as others get it: packed, installed into an empty app, synthesised without a bundler and without us. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const CONFIG = [{ hosts: ['www.example.com'], elb: { name: 'web' } }]

const APP = `
const app = new App()
const stack = new Stack(app, 'shop')
new CertificateRotation(stack, 'Rotation', { config: 'certificates.json', alarmEmails: ['ops@example.com'] })
app.synth()
`

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>
  readonly peerDependencies: Readonly<Record<string, string>>
}

describe('the package', () => {
  let folder: string
  let packed: string[]

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'elb-cert-rotator-package-'))
    const pack = ['pack', '--ignore-scripts', '--json', '--pack-destination', folder]
    const described = JSON.parse(execFileSync('npm', pack, { cwd: ROOT, encoding: 'utf8' }))
    const [{ filename, files }] = Object.values(described) as [
      { filename: string; files: { path: string }[] },
    ]
    packed = files.map(({ path }) => path)
    // what it asks for is here already, so that the installation needs no network: and nothing else is there
    const { dependencies, peerDependencies } = JSON.parse(
      readFileSync(join(ROOT, 'package.json'), 'utf8'),
    ) as Manifest
    const wanted = Object.keys({ ...dependencies, ...peerDependencies })
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'app', version: '1.0.0', private: true }),
    )
    const local = wanted.map((name) => join(ROOT, 'node_modules', name))
    const install = ['install', '--offline', '--no-audit', '--no-fund', join(folder, filename), ...local]
    execFileSync('npm', install, { cwd: folder, encoding: 'utf8', stdio: 'pipe' })
    writeFileSync(join(folder, 'certificates.json'), JSON.stringify(CONFIG))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function run(file: string, text: string): string[] {
    writeFileSync(join(folder, file), text)
    const outdir = join(folder, `out-${file}`)
    mkdirSync(outdir)
    // as for a test runner that knows no ES modules
    const { status, stderr } = spawnSync(process.execPath, ['--no-experimental-require-module', file], {
      cwd: folder,
      env: { PATH: process.env['PATH'], CDK_OUTDIR: outdir },
      encoding: 'utf8',
    })
    expect(stderr).not.toMatch(/error/i)
    expect(status).toBe(0)
    const [asset = ''] = readdirSync(outdir).filter((name) => name.startsWith('asset.'))
    return readdirSync(join(outdir, asset)).sort()
  }

  it('holds JavaScript, types and documents, and no source', () => {
    const source = packed.filter((path) => /\.ts$/.test(path) && !/\.d\.ts$/.test(path))
    expect(source.filter((path) => !path.startsWith('examples/'))).toEqual([])
    expect(packed).toEqual(
      expect.arrayContaining([
        'LICENSE',
        'README.md',
        'dist/cli.mjs',
        'dist/handler/handler.mjs',
        'dist/lib/index.d.ts',
        'dist/lib/index.js',
        'dist/third-party-licences.txt',
        'docs/config.schema.json',
        'docs/errors.md',
        'docs/runbook.md',
        'docs/runbook/alarms.md',
        'examples/in-your-own-app.ts',
        'examples/letsencrypt-aws.json',
      ]),
    )
  })

  it('holds the terms of what is bundled', () => {
    const terms = readFileSync(
      join(folder, 'node_modules/elb-cert-rotator/dist/third-party-licences.txt'),
      'utf8',
    )
    for (const name of ['acme-client', 'axios', '@aws-sdk/client-iam', 'zod']) {
      const [, text = ''] = terms.split(new RegExp(`^${name} \\d[^\\n]+\\n\\n`, 'm'))
      expect(text.slice(0, 2_000), name).toMatch(/Permission is hereby granted|Apache License/)
    }
  })

  it('tells that the code of the function is missing, and what makes it', () => {
    const handler = join(folder, 'node_modules/elb-cert-rotator/dist/handler')
    renameSync(handler, `${handler}-away`)
    const imports = `const { App, Stack } = require('aws-cdk-lib')\nconst { CertificateRotation } = require('elb-cert-rotator')\n`
    writeFileSync(join(folder, 'broken.cjs'), imports + APP)
    const { status, stderr } = spawnSync(process.execPath, ['broken.cjs'], { cwd: folder, encoding: 'utf8' })
    renameSync(`${handler}-away`, handler)
    expect(status).toBe(1)
    expect(stderr).toMatch(/the function's code is missing, looked for .+\(synth\/not-built\)\nhint: /)
  })

  it('gives another asset for another handler', () => {
    const handler = join(folder, 'node_modules/elb-cert-rotator/dist/handler/handler.mjs')
    const imports = `const { App, Stack } = require('aws-cdk-lib')\nconst { CertificateRotation } = require('elb-cert-rotator')\n`
    const asset = (name: string) => {
      run(`${name}.cjs`, imports + APP)
      return readdirSync(join(folder, `out-${name}.cjs`)).find((one) => one.startsWith('asset.'))
    }
    const before = asset('before')
    writeFileSync(handler, `${readFileSync(handler, 'utf8')}\n// another version\n`)
    expect(asset('after')).not.toBe(before)
  })

  it('synthesises in an app of ES modules', () => {
    const imports = `import { App, Stack } from 'aws-cdk-lib'\nimport { CertificateRotation } from 'elb-cert-rotator'\n`
    expect(run('app.mjs', imports + APP)).toEqual(['config.json', 'handler.mjs'])
  })

  it('synthesises in an app of CommonJS', () => {
    const imports = `const { App, Stack } = require('aws-cdk-lib')\nconst { CertificateRotation } = require('elb-cert-rotator')\n`
    expect(run('app.cjs', imports + APP)).toEqual(['config.json', 'handler.mjs'])
  })

  it('has types that an app compiles with', () => {
    const imports = `import { App, Stack } from 'aws-cdk-lib'\nimport { CertificateRotation } from 'elb-cert-rotator'\n`
    for (const file of ['typed.mts', 'typed.cts']) writeFileSync(join(folder, file), imports + APP)
    writeFileSync(join(folder, 'wrong.mts'), `${imports}${APP.replace('alarmEmails:', 'alarmMails:')}`)
    const compile = (file: string) => {
      // under node16 a CommonJS file must not import an ES module
      const flags = '--noEmit --strict --module node16 --target es2022 --lib es2022,esnext.disposable'.split(
        ' ',
      )
      const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
      return spawnSync(process.execPath, [tsc, ...flags, '--types', '', file], {
        cwd: folder,
        encoding: 'utf8',
      }).stdout
    }
    expect(compile('typed.mts')).toBe('')
    expect(compile('typed.cts')).toBe('')
    expect(compile('wrong.mts')).toMatch(/alarmMails/)
  })

  it('brings the command line', () => {
    const cli = join(folder, 'node_modules/.bin/elb-cert-rotator')
    expect(spawnSync(process.execPath, [cli, '--version'], { encoding: 'utf8' }).stdout).toBe('0.1.0\n')
  })
})
