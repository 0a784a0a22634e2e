/** JSON with the line and column of an error, which `JSON.parse` does not give. */
import { type ParseError, parse, printParseErrorCode, visit } from 'jsonc-parser'
import { RotationError } from '../domain/rotation-error.ts'

/** @throws RotationError config/syntax with line and column, also for a key that occurs twice in one object */
export function parseJson(written: string): unknown {
  const text = written.replace(/^\uFEFF/, '')
  if (text.trim() === '') throw at(text, text.length, 'the configuration is empty')
  const errors: ParseError[] = []
  const document: unknown = parse(text, errors, { disallowComments: true, allowTrailingComma: false })
  const [error] = errors
  if (error) throw at(text, error.offset, `the configuration is not valid JSON: ${words(error)}`)
  const twice = repeatedKey(text)
  if (twice) throw at(text, twice.offset, `the key ${JSON.stringify(twice.key)} occurs twice in one object`)
  return document
}

function words({ error }: ParseError): string {
  return printParseErrorCode(error)
    .replace(/([a-z])([A-Z])/g, '$1 $2')
    .toLowerCase()
}

/** JSON.parse would silently keep the last one: a second "hosts" would replace the first. */
function repeatedKey(text: string): { readonly key: string; readonly offset: number } | null {
  const open: Set<string>[] = []
  let found: { key: string; offset: number } | null = null
  visit(text, {
    onObjectBegin: () => void open.push(new Set()),
    onObjectEnd: () => void open.pop(),
    onObjectProperty(key, offset) {
      const keys = open.at(-1)
      if (keys?.has(key)) found ??= { key, offset }
      keys?.add(key)
    },
  })
  return found
}

function at(text: string, offset: number, what: string): RotationError {
  const before = text.slice(0, offset).split('\n')
  const line = before.length
  const column = (before.at(-1) ?? '').length + 1
  return new RotationError('config/syntax', `${what}, line ${line}, column ${column}`, { line, column })
}
