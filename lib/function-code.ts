/** The function's one asset: the bundled handler, and the normalised configuration beside it. */
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { AssetHashType, DockerImage } from 'aws-cdk-lib'
import { Code } from 'aws-cdk-lib/aws-lambda'
import { type Config, toDocument } from '../lambda/config/parse.ts'
import { RotationError } from '../lambda/errors.ts'

/** Beside this file in the package; from the source it is the one that `npm run build` makes. */
const BUILT = import.meta.url.endsWith('.ts') ? '../dist/handler' : '../handler'
const FILE = 'handler.mjs'

/**
 * Put the configuration beside the handler. Both change together, in one deployment.
 *
 * @returns an asset whose hash depends on its content alone
 * @throws RotationError synth/not-built
 */
export function functionCode(config: Config): Code {
  const folder = fileURLToPath(new URL(BUILT, import.meta.url))
  const handler = join(folder, FILE)
  if (!existsSync(handler))
    throw new RotationError('synth/not-built', `the function's code is missing, looked for ${handler}`)
  const packed = `${JSON.stringify(toDocument(config), null, 2)}\n`
  return Code.fromAsset(folder, {
    // of the content, and known before it is put together: two configurations of one app would else share an asset
    assetHash: createHash('sha256').update(readFileSync(handler)).update(packed).digest('hex'),
    assetHashType: AssetHashType.CUSTOM,
    bundling: {
      image: DockerImage.fromRegistry('never-used'),
      local: {
        tryBundle(output) {
          copyFileSync(handler, join(output, FILE))
          writeFileSync(join(output, 'config.json'), packed)
          return true
        },
      },
    },
  })
}
