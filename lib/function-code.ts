/** The function's one asset: the bundled handler, and the normalised configuration beside it. */
import { createHash } from 'node:crypto'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Stage } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import type { Construct } from 'constructs'
import { parseConfig, toDocument } from '../lambda/config/parse.ts'
import type { Config } from '../lambda/domain/config.ts'
import { RotationError } from '../lambda/domain/rotation-error.ts'

/** Beside this file in the package; from the source it is the one that `npm run build` makes. */
const BUILT = import.meta.url.endsWith('.ts') ? '../dist/handler' : '../handler'
const FILE = 'handler.mjs'
/** Lambda runs as another user, who must be able to read it, whatever the umask was here. */
const READABLE = 0o644

/**
 * Put the configuration beside the handler. Both change together, in one deployment.
 *
 * @returns an asset whose hash depends on its content alone
 * @throws RotationError synth/not-built; config/invalid when the function would not read what is packed
 */
export function functionCode(scope: Construct, config: Config): Code {
  const handler = join(fileURLToPath(new URL(BUILT, import.meta.url)), FILE)
  if (!existsSync(handler))
    throw new RotationError('synth/not-built', `the function's code is missing, looked for ${handler}`)
  const packed = `${JSON.stringify(toDocument(config), null, 2)}\n`
  parseConfig(packed)
  const content = { [FILE]: readFileSync(handler), 'config.json': packed }
  const hash = Object.values(content).reduce((sum, file) => sum.update(file), createHash('sha256'))
  // in the assembly, so that it is removed with it; the CDK copies it beside the other assets
  const folder = join(
    Stage.of(scope)?.assetOutdir ?? '.',
    `elb-cert-rotator-${hash.digest('hex').slice(0, 16)}`,
  )
  mkdirSync(folder, { recursive: true })
  for (const [name, file] of Object.entries(content)) {
    writeFileSync(join(folder, name), file)
    chmodSync(join(folder, name), READABLE)
  }
  return Code.fromAsset(folder)
}
