/** The rooms of `lambda/` for its README, from the table of import rules: a figure and a list. Pure. */
import type { Row } from '../test/import-rules.ts'

const BEGIN = '<!-- rooms: written by `npm run docs` from test/import-rules.ts -->'
const END = '<!-- end of rooms -->'

/** @returns the README with its figure and list as the table has them now */
export function withRooms(readme: string, rules: readonly Row[]): string {
  const [before, rest] = readme.split(BEGIN)
  const after = rest?.split(END)[1]
  if (before === undefined || after === undefined)
    throw new Error(`lambda/README.md has no ${BEGIN} … ${END}`)
  return `${before}${BEGIN}\n\n${figure(rules)}\n\n${list(rules)}\n\n${END}${after}`
}

function list(rules: readonly Row[]): string {
  const rows = rules.map(({ room, does }) => `| \`${nameOf(room)}\` | ${does} |`)
  return `| room, from the top down | what is done there |\n| --- | --- |\n${rows.join('\n')}`
}

/** An arrow means "may import". One that follows from other arrows is left out. */
function figure(rules: readonly Row[]): string {
  const targets = new Map(rules.map(({ room, rooms }) => [room, rooms.filter((other) => other !== room)]))
  const arrows = rules.flatMap(({ room }) => {
    const direct = (targets.get(room) ?? []).filter((other) => targets.has(other))
    return direct
      .filter((other) => !direct.some((via) => via !== other && reaches(via, other, targets)))
      .map((other) => `  ${idOf(room)} --> ${idOf(other)}`)
  })
  const rooms = rules.map(({ room }) => `  ${idOf(room)}["${nameOf(room)}"]`)
  return ['```mermaid', 'flowchart TD', ...rooms, ...arrows, '```'].join('\n')
}

function reaches(from: string, to: string, targets: ReadonlyMap<string, readonly string[]>): boolean {
  return (targets.get(from) ?? []).some((next) => next === to || reaches(next, to, targets))
}

function nameOf(room: string): string {
  if (!room.startsWith('lambda/')) return `${room}/`
  const name = room.slice('lambda/'.length)
  return name.endsWith('.ts') ? name : `${name}/`
}

function idOf(room: string): string {
  return room.replace(/[^a-z0-9]/g, '_')
}
