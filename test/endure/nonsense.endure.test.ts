import { nonsenseSweep } from './nonsense-sweep.ts'
import { EVERY } from './sweep.ts'

nonsenseSweep(24, EVERY)
