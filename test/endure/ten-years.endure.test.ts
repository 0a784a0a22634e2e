import { lifeTest } from './life-test.ts'
import { tenYears } from './lives.ts'
import { EVERY } from './sweep.ts'

lifeTest('ten years', () => tenYears(Math.ceil(3_653 / EVERY)), EVERY === 1, 900_000)
