import { crashSweep } from './crash-sweep.ts'
import { EVERY } from './sweep.ts'

crashSweep('a renewal', EVERY)
