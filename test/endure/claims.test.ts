/** A sample of the random stories; `claims.endure.test.ts` tells many more. */
import { claims } from './claims-of.ts'

claims(120, 50)
