/** Host names as a certificate may hold them and DNS-01 can prove them. */
import { domainToASCII } from 'node:url'
import { challengeName } from '../domain/names.ts'

/** RFC 1035 §2.3.4: 253 characters as text; the challenge name has to fit as well. */
const LONGEST_NAME = 253
const LONGEST_LABEL = 63

export type Host = { readonly host: string } | { readonly fault: string }

/**
 * Lower-case a host, convert an IDN, and say what is wrong with one that cannot be in a certificate.
 *
 * @returns `host` (`*.` kept), or `fault`: what was expected, for the message
 */
export function normaliseHost(written: string): Host {
  const trimmed = written.trim()
  const fault = faultOfForm(trimmed)
  if (fault) return { fault }
  const wildcard = trimmed.startsWith('*.')
  const base = domainToASCII(wildcard ? trimmed.slice(2) : trimmed)
  const faultOfName = base === '' ? 'a host name' : faultOfBase(base)
  if (faultOfName) return { fault: faultOfName }
  const host = wildcard ? `*.${base}` : base
  const room = LONGEST_NAME - (challengeName(host).length - base.length)
  if (base.length > room)
    return { fault: `at most ${room} characters, so that ${challengeName('…')} fits in a DNS name` }
  return { host }
}

function faultOfForm(text: string): string | null {
  if (text === '') return 'a host name, got an empty one'
  if (/[/:\s@]/.test(text)) return 'a host name only, without scheme, port, path or spaces'
  if (text.endsWith('.')) return 'a host name without the dot at its end'
  if (text.slice(1).includes('*') || (text.startsWith('*') && !text.startsWith('*.')))
    return 'a wildcard only as the whole first label, as in *.example.com'
  return null
}

function faultOfBase(base: string): string | null {
  const labels = base.split('.')
  if (/^\d+$/.test(labels.at(-1) ?? '')) return 'a host name, not an address'
  if (labels.length < 2) return 'a full host name with at least one dot'
  for (const label of labels) {
    if (label.length > LONGEST_LABEL) return `labels of at most ${LONGEST_LABEL} characters`
    if (!/^[a-z0-9]([a-z0-9-]*[a-z0-9])?$/.test(label))
      return 'labels of letters, digits and inner hyphens, none of them empty'
  }
  return null
}
