import { crashSweep } from './crash-sweep.ts'
import { EVERY } from './sweep.ts'

crashSweep('a key-type change', EVERY)
