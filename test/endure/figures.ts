/**
 * Put the counts of a whole run of the sweeps into `docs/reliability.md`, and print them with the times that they took.
 * A sample has no figures. Times stay out of the page: they differ from machine to machine.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'

interface Figures {
  readonly sweep: string
  readonly seconds: number
  readonly points?: number
  readonly tried?: number
  readonly unreached?: readonly string[]
  readonly stories?: number
  readonly runs?: number
  readonly deaths?: number
  readonly entries?: number
  readonly jumpedOver?: number
  readonly failedRuns?: number
  readonly issued?: number
  readonly inWindow?: number
  readonly exempt?: number
  readonly limitsHit?: number
  readonly mostStored?: number
}

const FOLDER = '.cache/endure'
const PAGE = 'docs/reliability.md'
const BEGIN = '<!-- figures: written by `npm run test:endure` -->'
const END = '<!-- end of figures -->'

const all = (existsSync(FOLDER) ? readdirSync(FOLDER) : [])
  .sort()
  .map((file) => JSON.parse(readFileSync(`${FOLDER}/${file}`, 'utf8')) as Figures)
const rows = all.map((figures) => `| ${figures.sweep} | ${tried(figures)} | 0 |`)

function tried({ points, stories, runs, ...more }: Figures): string {
  if (points !== undefined) return `${more.tried} of ${points} points, ${more.unreached?.length} not reached`
  if (stories !== undefined)
    return `${stories} stories, ${runs} runs, ${more.deaths} of them killed or overtaken`
  return [
    `${more.entries} certificates, ${runs} runs and ${more.jumpedOver} with nothing to do`,
    `${more.issued} issued, ${more.inWindow} of them in their window, ${more.exempt} late because of an injected fault`,
    `${more.failedRuns} runs failed, ${more.limitsHit} limits hit, at most ${more.mostStored} stored for an entry`,
  ].join('; ')
}
// a sweep in which something failed is a test that failed: then this is not run
const table = ['| sweep | tried | failed |', '| --- | --- | --- |', ...rows].join('\n')
for (const figures of all) process.stdout.write(`${figures.sweep}: ${tried(figures)}; ${figures.seconds} s\n`)
if (all.length > 0) writeFigures()

function writeFigures(): void {
  const text = readFileSync(PAGE, 'utf8')
  const [before = '', rest = ''] = text.split(BEGIN)
  const [, after = ''] = rest.split(END)
  writeFileSync(PAGE, `${before}${BEGIN}\n\n${table}\n\n${END}${after}`)
}
