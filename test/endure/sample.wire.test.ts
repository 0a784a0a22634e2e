/** A few points of each long sweep; `npm run test:endure` goes through all of them. */
import { crashSweep } from './crash-sweep.ts'
import { faultSweep } from './fault-sweep.ts'
import { lifeTest } from './life-test.ts'
import { sixtyDays, tenYears, ZONES } from './lives.ts'
import { nonsenseSweep } from './nonsense-sweep.ts'
import { SCENARIOS, type Scenario } from './world.ts'

for (const scenario of Object.keys(SCENARIOS) as Scenario[]) crashSweep(scenario, 23, 60_000)
faultSweep(0, 97, 60_000)
faultSweep(1, 97, 60_000)
nonsenseSweep(4, 17, 60_000)
lifeTest('the first weeks of ten years', () => tenYears(ZONES, 66), false, 60_000)
lifeTest('the first days of sixty', () => sixtyDays(10), false, 60_000)
