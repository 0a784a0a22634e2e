/**
 * `docs/errors.md`: its sections are written by hand, and the line below each heading comes from the table of errors.
 * Pure.
 */
import type { Retry } from '../lambda/domain/errors.ts'

type Errors = Readonly<Record<string, { readonly retry: Retry; readonly hint: string }>>

const TRIED_AGAIN: Readonly<Record<Retry, string>> = {
  'next-run': 'by the next run',
  backoff: 'later and later',
  never: 'without success, until someone changes something',
}

/**
 * @param page the page as it is
 * @returns the page with the line of each section as the table has it now
 * @throws Error when a code has no section, a section has no code, or the order differs
 */
export function withLines(page: string, errors: Errors): string {
  const [intro = '', ...sections] = page.split(/^### /m)
  const codes = sections.map((section) => section.slice(0, section.indexOf('\n')).trim())
  checkOrder(codes, Object.keys(errors))
  const written = sections.map((section, at) => {
    const code = codes[at] ?? ''
    const text = section.slice(section.indexOf('\n')).replace(/^\n+(?:> [^\n]*\n+)*/, '')
    return `### ${code}\n\n${lineFor(errors, code)}\n\n${text}`
  })
  return intro + written.join('')
}

function lineFor(errors: Errors, code: string): string {
  const { hint = '', retry = 'never' } = errors[code] ?? {}
  return `> **Way out:** ${hint}. **Tried again:** ${TRIED_AGAIN[retry]}.`
}

function checkOrder(sections: readonly string[], codes: readonly string[]): void {
  const missing = codes.filter((code) => !sections.includes(code))
  const unknown = sections.filter((section) => !codes.includes(section))
  if (missing.length > 0) throw new Error(`docs/errors.md has no section for ${missing.join(', ')}`)
  if (unknown.length > 0) throw new Error(`docs/errors.md has sections for no code: ${unknown.join(', ')}`)
  const at = codes.findIndex((code, index) => sections[index] !== code)
  if (at >= 0) throw new Error(`docs/errors.md has ${sections[at]} where the table has ${codes[at]}`)
}
