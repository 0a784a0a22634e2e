import { fileURLToPath } from 'node:url'
import { pebbleCa } from '../support/pebble.ts'
import { endToEndCases } from './cases.ts'

/** Where `npm run pebble:install` puts it. */
const INSTALLED = fileURLToPath(new URL('../../.cache/bin/pebble', import.meta.url))

endToEndCases('Pebble', pebbleCa(process.env['PEBBLE'] ?? INSTALLED))
