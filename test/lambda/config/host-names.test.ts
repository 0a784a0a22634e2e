import { describe, expect, it } from 'vitest'
import { normaliseHost } from '../../../lambda/config/host-names.ts'
import { coveringWildcard, covers } from '../../../lambda/domain/hosts.ts'
import { challengeName } from '../../../lambda/domain/names.ts'

const LABEL = 'a'.repeat(63)

describe('a host', () => {
  it.each([
    ['www.example.com', 'www.example.com'],
    ['*.example.com', '*.example.com'],
    ['WWW.Example.COM', 'www.example.com'],
    ['*.Bücher.example', '*.xn--bcher-kva.example'],
    [' www.example.com ', 'www.example.com'],
    [`${LABEL}.example.com`, `${LABEL}.example.com`],
    ['1.example.com', '1.example.com'],
  ])('%j is taken as %j', (written, host) => {
    expect(normaliseHost(written)).toEqual({ host })
  })

  it.each([
    ['', 'got an empty one'],
    ['localhost', 'at least one dot'],
    ['*', 'wildcard only as the whole first label'],
    ['*.com', 'at least one dot'],
    ['w*.example.com', 'wildcard only as the whole first label'],
    ['www.*.example.com', 'wildcard only as the whole first label'],
    ['*.*.example.com', 'wildcard only as the whole first label'],
    ['**.example.com', 'wildcard only as the whole first label'],
    ['192.0.2.7', 'not an address'],
    ['2001:db8::1', 'without scheme, port'],
    ['[2001:db8::1]', 'without scheme, port'],
    ['0x7f.1', 'not an address'],
    ['https://www.example.com', 'without scheme'],
    ['www.example.com:443', 'without scheme, port'],
    ['www.example.com.', 'without the dot at its end'],
    ['www..example.com', 'none of them empty'],
    ['-www.example.com', 'inner hyphens'],
    ['www-.example.com', 'inner hyphens'],
    ['my_host.example.com', 'letters, digits'],
    [`${'a'.repeat(64)}.example.com`, 'at most 63'],
    [`${LABEL}.${LABEL}.${LABEL}.${'a'.repeat(46)}`, 'at most 237 characters'],
  ])('%j is refused: %s', (written, words) => {
    expect(normaliseHost(written)).toEqual({ fault: expect.stringContaining(words) })
  })

  it('may be as long as its challenge name fits in a DNS name, and no longer', () => {
    const longest = `${LABEL}.${LABEL}.${LABEL}.${'a'.repeat(45)}`
    expect(normaliseHost(longest)).toEqual({ host: longest })
    expect(challengeName(longest)).toHaveLength(253)
    expect(normaliseHost(`*.${longest}`)).toEqual({ host: `*.${longest}` })
  })

  it('is covered by a wildcard one label deep, and only so', () => {
    expect(coveringWildcard('www.example.com', ['*.example.com'])).toBe('*.example.com')
    expect(coveringWildcard('a.b.example.com', ['*.example.com'])).toBeNull()
    expect(coveringWildcard('example.com', ['*.example.com'])).toBeNull()
    expect(covers(['*.example.com', 'EXAMPLE.com'], ['www.example.com', 'example.com'])).toBe(true)
    expect(covers(['*.example.com'], ['*.www.example.com'])).toBe(false)
  })
})
