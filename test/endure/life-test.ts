/** One life as a test: its claims, its figures, and that what was to happen did. */
import { expect, it } from 'vitest'
import { keep } from './sweep.ts'
import { live } from './years.ts'
import type { Life } from './years-world.ts'

/** @param isWhole else the figures are not kept */
export function lifeTest(name: string, life: () => Life, isWhole: boolean): void {
  it(`serves nothing that ended, hits no limit and renews in its window, in ${name}`, async () => {
    const { broken, figures } = await live(life())
    console.log(`${name}: ${JSON.stringify(figures)}`)
    expect(broken).toEqual([])
    expect(figures.inWindow).toBeGreaterThan(0)
    expect(figures.jumpedOver).toBeGreaterThan(figures.runs)
    if (isWhole) keep({ sweep: name, ...figures }, name, 1)
  })
}
