/** `npm run bench`: what the function weighs and what a rotation takes, as tables, and as JSON in `.cache/bench.json`. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { buildAll } from '../../scripts/build.ts'
import { measureBundles } from './asset.ts'
import { measureRotation, type Rotation } from './rotation.ts'

const HOSTS = [1, 10, 25, 100]
const PROPAGATION_SECONDS = [0, 10]

await buildAll()
const bundles = await measureBundles()
console.log('The handler, beside a naive bundle of the same source (goal: 1700 KB, 450 KB zipped)')
console.table(bundles)

const rotations: Rotation[] = []
for (const seconds of PROPAGATION_SECONDS)
  for (const hosts of HOSTS) rotations.push(await measureRotation(hosts, seconds))
console.log(
  'One certificate, by what is deployed (goal: 1 s of its own, 4 Route53 calls besides polls, 160 MB)',
)
console.table(rotations)

mkdirSync('.cache', { recursive: true })
writeFileSync('.cache/bench.json', `${JSON.stringify({ bundles, rotations }, null, 2)}\n`)
