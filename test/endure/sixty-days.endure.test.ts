import { lifeTest } from './life-test.ts'
import { sixtyDays } from './lives.ts'
import { EVERY } from './sweep.ts'

lifeTest('sixty days', () => sixtyDays(Math.ceil(60 / EVERY)), EVERY === 1)
