/** A few points of each long sweep; `npm run test:endure` goes through all of them. */
import { crashSweep } from './crash-sweep.ts'
import { faultSweep } from './fault-sweep.ts'
import { lifeTest } from './life-test.ts'
import { sixtyDays, tenYears, ZONES } from './lives.ts'
import { nonsenseSweep } from './nonsense-sweep.ts'
import { SCENARIOS, type Scenario } from './world.ts'

for (const scenario of Object.keys(SCENARIOS) as Scenario[]) crashSweep(scenario, 23)
faultSweep(0, 97)
faultSweep(1, 97)
nonsenseSweep(4, 17)
lifeTest('the first weeks of ten years', () => tenYears(ZONES, 66), false)
lifeTest('the first days of sixty', () => sixtyDays(10), false)
