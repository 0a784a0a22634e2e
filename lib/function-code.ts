/** The function's one asset: the bundled handler, and the normalised configuration beside it. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AssetHashType, FileSystem } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import { buildSync } from 'esbuild'
import { type Config, toDocument } from '../lambda/config/parse.ts'

const HANDLER = fileURLToPath(new URL('../lambda/handler.ts', import.meta.url))

/** Dependencies that are CommonJS ask for `require`, which ES modules have not. */
const REQUIRE = "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"

/**
 * Bundle the handler and put the configuration beside it. Configuration and code change together, in one deployment.
 *
 * @returns an asset whose hash depends on its content alone
 */
export function functionCode(config: Config): Code {
  const folder = mkdtempSync(join(tmpdir(), 'elb-cert-rotator-asset-'))
  buildSync({
    entryPoints: [HANDLER],
    outfile: join(folder, 'handler.mjs'),
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    // jsonc-parser's CommonJS build cannot be bundled, its ES modules can
    mainFields: ['module', 'main'],
    banner: { js: REQUIRE },
    legalComments: 'none',
    logLevel: 'error',
  })
  writeFileSync(join(folder, 'config.json'), `${JSON.stringify(toDocument(config), null, 2)}\n`)
  return Code.fromAsset(folder, {
    assetHash: FileSystem.fingerprint(folder),
    assetHashType: AssetHashType.CUSTOM,
  })
}
