/** At a release: write down which stateful resources it has, so that the next version is tested not to replace them. */
import { writeFileSync } from 'node:fs'
import { VERSION } from '../lambda/domain/version.ts'
import { statefulResources } from '../test/lib/released/stateful.ts'

const file = new URL('../test/lib/released/stateful.json', import.meta.url)
writeFileSync(file, `${JSON.stringify({ version: VERSION, resources: statefulResources() }, null, 2)}\n`)
