/** The four claims as tests. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { loadProduct, tell } from './claims.ts'
import { story } from './stories.ts'
import { keep } from './sweep.ts'

const SEED = 20_261_126

/** @param every a whole sweep is 1 */
export function claims(stories: number, every: number): void {
  it(`settles, reaches its goal and is safe, in ${stories} random stories`, async () => {
    const product = await loadProduct(new URL('../../lambda/', import.meta.url))
    const begun = performance.now()
    let runs = 0
    let deaths = 0
    const property = fc.asyncProperty(story(false), async (one) => {
      const { settles, reaches, sins, ...counts } = await tell(product, one)
      runs += counts.runs
      deaths += counts.deaths
      expect({ settles, reaches, sins }).toEqual({ settles: [], reaches: [], sins: [] })
    })
    await fc.assert(property, { numRuns: stories, seed: SEED })
    const seconds = Math.round((performance.now() - begun) / 1000)
    console.log(
      `random stories: ${stories} with ${runs} runs, ${deaths} of them dead or overtaken, in ${seconds} s`,
    )
    expect(deaths).toBeGreaterThan(stories / 4)
    keep({ sweep: 'random stories', stories, runs, deaths, seconds }, 'stories', every)
  })

  it(`does the same whatever the order of configuration and answers, in ${stories / 4} random stories`, async () => {
    const product = await loadProduct(new URL('../../lambda/', import.meta.url))
    const property = fc.asyncProperty(story(true), async (one) => {
      expect((await tell(product, one, true)).plans).toEqual((await tell(product, one)).plans)
    })
    await fc.assert(property, { numRuns: stories / 4, seed: SEED })
  })
}
