/** Everyone who is sent to a document finds what they were sent for. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { fileURLToPath } from 'node:url'
import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { describe, expect, it } from 'vitest'
import { ERRORS } from '../lambda/domain/errors.ts'
import { CertificateRotation } from '../lib/index.ts'
import { withTable } from '../scripts/errors-page.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const DEPLOYMENT = read('docs/deployment.md')

/** Every hand-written or generated page that people read. */
const PAGES = [
  'README.md',
  'CONTRIBUTING.md',
  'lambda/README.md',
  'test/sandbox/README.md',
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md'))
    .map((path) => join('docs', path))
    .sort(),
]

/** Headings of the second level. */
function sections(document: string): string[] {
  return [...withoutCode(document).matchAll(/^## (.+)$/gm)].map(([, title = '']) => title)
}

/** Blocks of code are indented or fenced; what they hold are no headings and no links. */
function withoutCode(document: string): string {
  return document.replace(/^```[\s\S]*?^```/gm, '').replace(/^ {4,}.*$/gm, '')
}

/** The anchors of a page, as GitHub makes them. */
function anchorsOf(document: string): Set<string> {
  const titles = [...withoutCode(document).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) => title)
  return new Set(
    titles.map((title) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}_ -]/gu, '')
        .replaceAll(' ', '-'),
    ),
  )
}

/** @returns the relative links of a page that lead to no file, or to no heading of one */
function brokenLinks(page: string, document: string): string[] {
  const targets = [...withoutCode(document).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  return targets.filter((target) => {
    if (/^[a-z]+:/.test(target)) return false
    const [path = '', anchor] = target.split('#')
    const file = path === '' ? page : normalize(join(dirname(page), path))
    if (path !== '' && !existsSync(join(ROOT, file))) return true
    return anchor !== undefined && !anchorsOf(file === page ? document : read(file)).has(anchor)
  })
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

it('the runbook has a section for each alarm, in their order, and for no other', () => {
  expect(sections(read('docs/runbook/alarms.md'))).toEqual(alarmNames())
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

describe('the page of errors', () => {
  const two = {
    'a/one': { retry: 'never', hint: 'fix it' },
    'a/two': { retry: 'next-run', hint: 'wait' },
  } as const

  it('has a section for each error code, in the order of the table', () => {
    expect(sections(read('docs/errors.md'))).toEqual(Object.keys(ERRORS))
  })

  it('says in each what the table says, and keeps what is written by hand', () => {
    const page =
      '# Errors\n\nIntro.\n\n## a/one\n\n**Retry:** stale.\n\nBy hand.\n\n## a/two\n\nBy hand, too.\n'
    const made = withTable(page, two)
    expect(made).toBe(
      '# Errors\n\nIntro.\n\n## a/one\n\n**Retry:** fails again until you fix it. **What to do:** Fix it.\n\nBy hand.\n\n' +
        '## a/two\n\n**Retry:** runs try again by themselves. **What to do:** Wait.\n\nBy hand, too.\n',
    )
    expect(withTable(made, two)).toBe(made)
  })

  it.each([
    ['a code without a section', '## a/one\n', 'no section for a/two'],
    [
      'a section without a code',
      '## a/one\n\n## a/two\n\n## a/three\n',
      'no error code a/three, but a section',
    ],
    ['a section that is there twice', '## a/one\n\n## a/two\n\n## a/two\n', 'two sections for a/two'],
    [
      'another order',
      '## a/two\n\n## a/one\n',
      'the section a/two is where a/one must be: keep the order of the table',
    ],
  ])('fails for %s', (_, page, message) => {
    expect(() => withTable(page, two)).toThrow(message)
  })
})

describe('links', () => {
  it('are found on many pages', () => {
    expect(PAGES).toContain('docs/runbook/alarms.md')
    const count = PAGES.map((page) => read(page).match(/\]\(/g)?.length ?? 0).reduce((sum, one) => sum + one)
    expect(count).toBeGreaterThan(100)
  })

  it('are broken when the file or the heading does not exist', () => {
    const page =
      '# Here\n\n[a](#here) [b](#there) [c](errors.md#usageinvalid) [d](errors.md#nothing) [e](none.md)\n'
    expect(brokenLinks('docs/page.md', page)).toEqual(['#there', 'errors.md#nothing', 'none.md'])
  })

  it.each(PAGES)('of %s lead to a file and a heading that exist', (page) => {
    expect(brokenLinks(page, read(page))).toEqual([])
  })
})
