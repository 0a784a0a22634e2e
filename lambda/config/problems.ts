/** What is wrong with a configuration, one line each: where, what was found, what is expected. */
import type { z } from 'zod'

export interface Problem {
  /** JSON path, as in `certificates[2].hosts[0]`; empty for the document itself. */
  readonly path: string
  readonly found: string
  readonly expected: string
}

export type Path = readonly (string | number)[]

export function toPath(path: Path): string {
  return path.map((key, at) => (typeof key === 'number' ? `[${key}]` : at === 0 ? key : `.${key}`)).join('')
}

export function toLine(problem: Problem): string {
  return `${problem.path === '' ? 'the file' : problem.path}: found ${problem.found}, expected ${problem.expected}`
}

/** What the file may say, by path: known only where the kinds of target are. */
export interface Words {
  /** @returns the keys that are allowed at a path */
  readonly keysAt: (path: Path) => readonly string[]
  /** @returns what a value should be, by the key that holds it and the key around that one */
  readonly expectedOf: (outer: string, key: string) => string | undefined
}

/** Turn zod's issues into problems that speak of the file: a value at a path, never of schemas. */
export function fromIssues(issues: readonly z.core.$ZodIssue[], document: unknown, words: Words): Problem[] {
  return issues.flatMap((issue) => fromIssue(issue, document, words))
}

function fromIssue(issue: z.core.$ZodIssue, document: unknown, words: Words): Problem[] {
  const path = issue.path.filter((key) => typeof key !== 'symbol') as (string | number)[]
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({
      path: toPath([...path, key]),
      found: 'an unknown key',
      expected: expectedWord(key, words.keysAt(path)),
    }))
  const value = valueAt(document, path)
  return [{ path: toPath(path), found: show(value), expected: expectation(issue, value, words) }]
}

function expectation(issue: z.core.$ZodIssue, value: unknown, words: Words): string {
  switch (issue.code) {
    case 'invalid_type':
      return A_TYPE[issue.expected] ?? issue.expected
    case 'invalid_value': {
      const allowed = issue.values.map(String)
      return typeof value === 'string' ? expectedWord(value, allowed) : `one of ${allowed.join(', ')}`
    }
    case 'too_small':
      return issue.origin === 'number'
        ? `at least ${issue.minimum}`
        : issue.origin === 'array'
          ? 'at least one element'
          : 'at least one character'
    case 'too_big':
      return issue.origin === 'number' ? `at most ${issue.maximum}` : `at most ${issue.maximum} characters`
    default:
      return formAt(issue.path.map(String), words) ?? issue.message
  }
}

const A_TYPE: Readonly<Record<string, string>> = {
  string: 'a string',
  array: 'a list',
  object: 'an object',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
}

/** Of the key that holds the value, or of the list that it is in; a kind of target has forms of its own. */
function formAt(path: readonly string[], { expectedOf }: Words): string | undefined {
  const key = path.at(-1) ?? ''
  const outer = path.at(-2) ?? ''
  return expectedOf(outer, key) ?? EXPECTED_AT[key] ?? EXPECTED_AT[outer]
}

/** For values whose form is a pattern, by the key that holds them. */
const EXPECTED_AT: Readonly<Record<string, string>> = {
  name: 'a name without control characters',
  directory_url: 'an https:// URL',
  contact: 'an address as in mailto:ops@example.com',
  id: 'the id of a hosted zone, as in Z0123456789ABCDEFGHIJ',
  hmac_key_parameter: 'the name of an SSM parameter, as in /acme/hmac-key',
}

function expectedWord(word: string, words: readonly string[]): string {
  const near = nearest(word, words)
  return near ? `${near} (did you mean that?)` : `one of ${words.join(', ')}`
}

/** @returns the word at the smallest edit distance, when it is near enough to be meant */
export function nearest(word: string, words: readonly string[]): string | null {
  let best: string | null = null
  let bestDistance = Number.POSITIVE_INFINITY
  for (const candidate of words) {
    const distance = editDistance(
      word.toLowerCase().replace(/-/g, '_'),
      candidate.toLowerCase().replace(/-/g, '_'),
    )
    if (distance < bestDistance && distance <= mostEdits(candidate)) {
      best = candidate
      bestDistance = distance
    }
  }
  return best
}

/** Two, so that swapped letters are found; one in a word of three letters, more in long ones. */
function mostEdits(word: string): number {
  return word.length <= 3 ? 1 : Math.max(2, word.length / 3)
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min(
          (row[j] ?? 0) + 1,
          (next[j - 1] ?? 0) + 1,
          (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      )
    row = next
  }
  return row[b.length] ?? 0
}

function valueAt(document: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, key) => (value as Record<string | number, unknown> | undefined)?.[key],
    document,
  )
}

export function show(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text = JSON.stringify(value)
  return text.length > 80 ? `${text.slice(0, 77)}...` : text
}
