import { crashSweep } from './crash-sweep.ts'
import { EVERY } from './sweep.ts'

crashSweep('a renewal', EVERY, 1_200_000)
