/**
 * `docs/errors.md` is written by hand, one section for each error code; the first line of each section, which says
 * whether a run tries again and what to do, comes from the table. Pure.
 */
import type { Retry } from '../lambda/domain/errors.ts'

/** The table, as far as the page shows it. */
export type ErrorTable = Readonly<Record<string, { readonly retry: Retry; readonly hint: string }>>

const MARK = '**Retry:**'

const RETRY: Readonly<Record<Retry, string>> = {
  'next-run': 'runs try again by themselves.',
  backoff: 'runs try again by themselves, after a wait.',
  never: 'fails again until you fix it.',
}

interface Page {
  readonly intro: string
  readonly sections: readonly { readonly code: string; readonly text: string }[]
}

/**
 * @param page  the page as it is, with or without the generated lines
 * @param table the error codes, in the order that the page must have
 * @returns the page with the generated line of each section brought up to date
 * @throws Error when a code has no section, a section has no code, or the order differs
 */
export function withTable(page: string, table: ErrorTable): string {
  const { intro, sections } = split(page)
  const problem = problemOf(
    sections.map(({ code }) => code),
    Object.keys(table),
  )
  if (problem) throw new Error(problem)
  const parts = sections.map(
    ({ code, text }) => `## ${code}\n\n${lineFor(code, table)}\n\n${withoutLine(text)}`,
  )
  return `${[intro, ...parts].map((part) => part.trim()).join('\n\n')}\n`
}

function split(page: string): Page {
  const [intro = '', ...parts] = page.split(/^## /m)
  const sections = parts.map((part) => {
    const [code = '', ...lines] = part.split('\n')
    return { code, text: lines.join('\n') }
  })
  return { intro, sections }
}

/** @returns what is wrong with the headings; `null` when they are the codes, in their order */
function problemOf(headings: readonly string[], codes: readonly string[]): string | null {
  const missing = codes.filter((code) => !headings.includes(code))
  if (missing.length > 0) return `no section for ${missing.join(', ')}`
  const unknown = headings.filter((heading) => !codes.includes(heading))
  if (unknown.length > 0) return `no error code ${unknown.join(', ')}, but a section`
  const twice = headings.filter((heading, at) => headings.indexOf(heading) < at)
  if (twice.length > 0) return `two sections for ${twice.join(', ')}`
  const at = headings.findIndex((heading, index) => heading !== codes[index])
  return at < 0
    ? null
    : `the section ${headings[at]} is where ${codes[at]} must be: keep the order of the table`
}

function lineFor(code: string, table: ErrorTable): string {
  const { retry = 'never', hint = '' } = table[code] ?? {}
  return `${MARK} ${RETRY[retry]} **What to do:** ${hint[0]?.toUpperCase()}${hint.slice(1)}.`
}

function withoutLine(text: string): string {
  const body = text.trim()
  return body.startsWith(MARK) ? body.split('\n').slice(1).join('\n').trim() : body
}
