/** A share of the fault sweep as a test: two files share it, so that two workers do. */
import { expect, it } from 'vitest'
import { faultAt, faultPoints, textOfFault } from './faults.ts'
import { keep, sweep } from './sweep.ts'

export function faultSweep(share: 0 | 1, every: number): void {
  it(`succeeds or ends with a code, and settles afterwards, whatever a call answers (share ${share + 1} of 2)`, async () => {
    const points = (await faultPoints()).filter((_, at) => Math.floor(at / 2) % 2 === share)
    expect(points.length).toBeGreaterThan(300)
    const { figures, broken } = await sweep(
      `faults, share ${share + 1}`,
      points,
      every,
      async (point) => {
        const { broken, wasReached } = await faultAt(point)
        return { broken, unreached: wasReached ? null : 'the call was not made' }
      },
      textOfFault,
    )
    keep(figures, `faults ${share + 1}`, every)
    expect(broken).toEqual([])
    expect(figures.unreached).toEqual([])
  })
}
