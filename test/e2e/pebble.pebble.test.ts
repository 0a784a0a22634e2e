import { pebbleCa } from '../support/pebble.ts'
import { endToEndCases } from './cases.ts'

endToEndCases('Pebble', pebbleCa(process.env['PEBBLE'] ?? 'pebble'))
