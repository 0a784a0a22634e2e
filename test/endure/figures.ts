/** Put the figures of a whole run of the sweeps into `docs/reliability.md`; a sample has none. */
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
}

const FOLDER = '.cache/endure'
const PAGE = 'docs/reliability.md'
const BEGIN = '<!-- figures: written by `npm run test:endure` -->'
const END = '<!-- end of figures -->'

const all = (existsSync(FOLDER) ? readdirSync(FOLDER) : [])
  .sort()
  .map((file) => JSON.parse(readFileSync(`${FOLDER}/${file}`, 'utf8')) as Figures)
const rows = all.map(({ sweep, points, tried, unreached, stories, runs, deaths, seconds }) =>
  points === undefined
    ? `| ${sweep} | ${stories} stories, ${runs} runs, ${deaths} of them dead or overtaken | 0 | ${seconds} s |`
    : `| ${sweep} | ${tried} of ${points} points, ${unreached?.length} not reached | 0 | ${seconds} s |`,
)
// a sweep in which something did not hold is a test that failed: then this is not run
const table = ['| sweep | tried | did not hold | time |', '| --- | --- | --- | --- |', ...rows].join('\n')
if (all.length > 0) writeFigures()

function writeFigures(): void {
  const text = readFileSync(PAGE, 'utf8')
  const [before = '', rest = ''] = text.split(BEGIN)
  const [, after = ''] = rest.split(END)
  writeFileSync(PAGE, `${before}${BEGIN}\n\n${table}\n\n${END}${after}`)
}
