import { crashSweep } from './crash-sweep.ts'
import { EVERY } from './sweep.ts'

crashSweep('a first issuance', EVERY, 1_200_000)
