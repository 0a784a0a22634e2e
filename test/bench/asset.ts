/** The bundled handler beside a naive bundle of the same source: size, time to load, memory once loaded. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deflateRawSync } from 'node:zlib'
import { build } from 'esbuild'

export interface Bundle {
  readonly bundle: 'shipped' | 'naive'
  readonly kilobytes: number
  /** As a zip holds it. */
  readonly zippedKilobytes: number
  /** Median. */
  readonly importMs: number
  /** Median. */
  readonly memoryMb: number
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const ROUNDS = 9

export async function measureBundles(): Promise<Bundle[]> {
  const folder = mkdtempSync(join(tmpdir(), 'elb-cert-rotator-bench-'))
  try {
    const naive = join(folder, 'naive.cjs')
    await build({
      absWorkingDir: ROOT,
      entryPoints: ['lambda/handler.ts'],
      outfile: naive,
      bundle: true,
      platform: 'node',
      // the least without which it does not load at all
      mainFields: ['module', 'main'],
      define: { 'import.meta.url': '"file:///"' },
      logLevel: 'error',
    })
    const files = { shipped: join(ROOT, 'dist/handler/handler.mjs'), naive }
    const loads = { shipped: [] as Load[], naive: [] as Load[] }
    // in turns, so that whatever else the machine does hits both
    for (let round = 0; round < ROUNDS; round++)
      for (const name of ['shipped', 'naive'] as const) loads[name].push(load(files[name]))
    return (['shipped', 'naive'] as const).map((name) => {
      const code = readFileSync(files[name])
      return {
        bundle: name,
        kilobytes: Math.round(code.length / 1_000),
        zippedKilobytes: Math.round(deflateRawSync(code, { level: 9 }).length / 1_000),
        importMs: median(loads[name].map(({ ms }) => ms)),
        memoryMb: median(loads[name].map(({ mb }) => mb)),
      }
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

interface Load {
  readonly ms: number
  readonly mb: number
}

function load(file: string): Load {
  const script = `const begun = performance.now(); await import(${JSON.stringify(file)});
    console.log(JSON.stringify({ ms: performance.now() - begun, mb: process.memoryUsage().rss / 1e6 }))`
  return JSON.parse(
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' }),
  )
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0)
}
