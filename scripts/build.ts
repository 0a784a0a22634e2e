/** Make `dist/`: the construct as JavaScript, its types, and the bundled handler and command line beside it. */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { type Bundled, bundle, bundleConstruct, packagesIn } from './bundle.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** Built aside and then moved, so that a reader of `dist/` never finds half of it. */
export async function buildAll(): Promise<void> {
  process.chdir(ROOT)
  const fresh = `.cache/dist-${process.pid}`
  const old = `.cache/dist-old-${process.pid}`
  mkdirSync(fresh, { recursive: true })
  try {
    await buildInto(fresh)
    if (existsSync('dist')) renameSync('dist', old)
    renameSync(fresh, 'dist')
  } finally {
    for (const folder of [fresh, old]) rmSync(folder, { recursive: true, force: true })
  }
}

async function buildInto(dist: string): Promise<void> {
  const tsc = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', dist]
  execFileSync(process.execPath, tsc, { stdio: 'inherit' })
  // the nearest package.json says what the JavaScript and the types below it are
  writeFileSync(`${dist}/package.json`, `${JSON.stringify({ type: 'commonjs' })}\n`)
  await bundleConstruct('lib/index.ts', `${dist}/lib/index.js`)
  const bundled = [
    await bundle('lambda/handler.ts', `${dist}/handler/handler.mjs`),
    await bundle('bin/cli.ts', `${dist}/cli.mjs`),
  ]
  writeFileSync(`${dist}/third-party-licences.txt`, licences(bundled))
}

/** The bundles are copies of other people's work: their terms go with them. */
function licences(bundled: readonly Bundled[]): string {
  const folders = [...new Set(bundled.flatMap(packagesIn))].sort()
  const texts = folders.map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(`${folder}/package.json`, 'utf8')) as Package
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
    return `${name} ${version} (${license})\n\n${file ? readFileSync(`${folder}/${file}`, 'utf8').trim() : ''}`
  })
  return `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}

interface Package {
  readonly name: string
  readonly version: string
  readonly license: string
}

if (import.meta.main)
  await buildAll().catch((error: Error) => {
    // the compiler and the bundler have said what is wrong
    process.stderr.write(`the build failed: ${error.message.split('\n')[0]}\n`)
    process.exitCode = 1
  })
