/** Whoever is sent to a document finds there what she was sent for. */
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { describe, expect, it } from 'vitest'
import { ERRORS } from '../lambda/domain/errors.ts'
import { CertificateRotation } from '../lib/index.ts'
import { withLines } from '../scripts/errors-page.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const DEPLOYMENT = read('docs/deployment.md')
const PAGES = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '*.md'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((page) => page !== '')

function headings(text: string, level: number): string[] {
  const heading = new RegExp(`^${'#'.repeat(level)} (.+)$`, 'gm')
  return [...text.matchAll(heading)].map(([, title = '']) => title)
}

function alarmNames(): string[] {
  const stack = new Stack(new App(), 'shop')
  new CertificateRotation(stack, 'Rotation', { config: [{ hosts: ['example.com'], elb: { name: 'web' } }] })
  const alarms = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm'))
  return alarms.map(({ Properties }) => Properties.AlarmName.split('/').at(-1))
}

/** First cells of the table whose head begins with this cell. */
function rows(document: string, head: string): string[] {
  const [, rest = ''] = document.split(`\n| ${head} |`)
  const [table = ''] = rest.split('\n\n')
  return [...table.matchAll(/^\| `([^`]+)` \|/gm)].map(([, cell = '']) => cell)
}

/** As GitHub makes them. */
function anchors(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
}

/** Relative links of a page that lead nowhere. */
function brokenLinks(page: string): string[] {
  const links = [...read(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = '']) => link)
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false
    const [path = '', anchor] = link.split('#')
    const target = path === '' ? page : join(dirname(page), path)
    if (!existsSync(join(ROOT, target))) return true
    return anchor !== undefined && !anchors(read(target)).includes(anchor)
  })
}

it('the runbook has a section for each alarm, and for no other', () => {
  expect(headings(read('docs/runbook/alarms.md'), 2)).toEqual(alarmNames())
})

it('the deployment guide has each alarm', () => {
  expect(rows(DEPLOYMENT, 'alarm')).toEqual(alarmNames())
})

it('the deployment guide has each prop, and each option of the app', () => {
  const props = [...read('lib/props.ts').matchAll(/^ {2}readonly (\w+)\??: /gm)].map(([, name = '']) => name)
  expect(props).toContain('dashboard')
  expect(rows(DEPLOYMENT, 'prop')).toEqual(props)
  const options = [...read('bin/app.ts').matchAll(/context(?:Text|Flag)\('(\w+)'\)/g)].map(([, name]) => name)
  expect(rows(DEPLOYMENT, '`-c`').sort()).toEqual([...new Set(options)].sort())
})

it.each(PAGES)('%s links to nothing that is not there', (page) => {
  expect(brokenLinks(page)).toEqual([])
})

describe('the page of errors', () => {
  it('has a section for each code, in the order of the table', () => {
    expect(headings(read('docs/errors.md'), 3)).toEqual(Object.keys(ERRORS))
  })

  it.each([
    ['### a/b\n\ntext\n', ['a/b', 'c/d'], 'has no section for c/d'],
    ['### a/b\n\ntext\n\n### x/y\n\ntext\n', ['a/b'], 'has sections for no code: x/y'],
    ['### c/d\n\ntext\n\n### a/b\n\ntext\n', ['a/b', 'c/d'], 'has c/d where the table has a/b'],
  ])('is refused when it does not fit the table: %j', (page, codes, message) => {
    const errors = Object.fromEntries(codes.map((code) => [code, { retry: 'never', hint: 'wait' } as const]))
    expect(() => withLines(page, errors)).toThrow(message)
  })

  it('gets the line of each section from the table, whatever line is there', () => {
    const errors = { 'a/b': { retry: 'backoff', hint: 'wait' } } as const
    const page = 'Intro.\n\n### a/b\n\n> **Way out:** \n\nText.\n\n> quoted\n'
    const expected =
      'Intro.\n\n### a/b\n\n> **Way out:** wait. **Tried again:** later and later.\n\nText.\n\n> quoted\n'
    expect(withLines(page, errors)).toBe(expected)
    expect(withLines(expected, errors)).toBe(expected)
  })
})
