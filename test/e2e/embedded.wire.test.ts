import { embeddedCa } from '../support/trial.ts'
import { endToEndCases } from './cases.ts'

endToEndCases('the embedded CA', embeddedCa)
