import { lifeTest } from './life-test.ts'
import { tenYears, ZONES } from './lives.ts'
import { EVERY } from './sweep.ts'

const life = () => tenYears(ZONES.slice(0, 2), Math.ceil(3_653 / EVERY))
lifeTest('ten years, half 1 of 2', life, EVERY === 1)
