import { faultSweep } from './fault-sweep.ts'
import { EVERY } from './sweep.ts'

faultSweep(0, EVERY)
