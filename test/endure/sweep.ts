/** Going through the points of a sweep, all of them or a fixed sample, and keeping the figures. */
import { mkdirSync, writeFileSync } from 'node:fs'

/** Every so many points are tried: 1 is all of them. The whole is for `npm run test:endure`. */
export const EVERY = Number(process.env['ENDURE_EVERY'] ?? 1)

export interface Figures {
  readonly sweep: string
  readonly points: number
  readonly tried: number
  readonly unreached: readonly string[]
  readonly seconds: number
}

/**
 * @param tryPoint what did not hold at a point, in words
 * @returns the figures, and each point at which something did not hold
 */
export async function sweep<P>(
  name: string,
  points: readonly P[],
  every: number,
  tryPoint: (point: P) => Promise<{ readonly broken: readonly string[]; readonly unreached: string | null }>,
  textOf: (point: P) => string,
): Promise<{ readonly figures: Figures; readonly broken: readonly string[] }> {
  const begun = performance.now()
  const chosen = points.filter((_, at) => at % every === Math.floor(every / 2))
  const broken: string[] = []
  const unreached: string[] = []
  for (const point of chosen) {
    const tried = await tryPoint(point)
    broken.push(...tried.broken.map((one) => `${textOf(point)}: ${one}`))
    if (tried.unreached !== null) unreached.push(`${textOf(point)}: ${tried.unreached}`)
  }
  const seconds = Math.round((performance.now() - begun) / 1000)
  const figures = { sweep: name, points: points.length, tried: chosen.length, unreached, seconds }
  console.log(
    `${name}: ${chosen.length} of ${points.length} points in ${seconds} s, ${unreached.length} not reached`,
  )
  for (const one of unreached) console.log(`  not reached: ${one}`)
  return { figures, broken }
}

/** For `docs/reliability.md`; only of a whole sweep. */
export function keep(figures: object, name: string, every: number): void {
  if (every !== 1) return
  mkdirSync('.cache/endure', { recursive: true })
  writeFileSync(`.cache/endure/${name.replaceAll(' ', '-')}.json`, `${JSON.stringify(figures, null, 2)}\n`)
}
