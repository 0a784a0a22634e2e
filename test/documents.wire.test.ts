/** Nobody who is sent to a document finds nothing there. */
import { readFileSync } from 'node:fs'
import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { expect, it } from 'vitest'
import { ERRORS } from '../lambda/domain/errors.ts'
import { CertificateRotation } from '../lib/index.ts'

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const RUNBOOK = read('docs/runbook.md')
const DEPLOYMENT = read('docs/deployment.md')

/** Headings of the third level below one of the second. */
function sections(heading: string): string[] {
  const [, rest = ''] = RUNBOOK.split(`\n## ${heading}\n`)
  const [part = ''] = rest.split('\n## ')
  return [...part.matchAll(/^### (.+)$/gm)].map(([, title = '']) => title)
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

it('the runbook has a section for each alarm, and for no other', () => {
  expect(sections('Alarms')).toEqual(alarmNames())
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

it('the runbook has a section for each error code, in the order of the table', () => {
  expect(sections('Error codes')).toEqual(Object.keys(ERRORS))
})

it('the runbook links to nothing that is not there', () => {
  const anchors = new Set(
    [...RUNBOOK.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^a-z0-9 -]/g, '')
        .replaceAll(' ', '-'),
    ),
  )
  const links = [...RUNBOOK.matchAll(/\]\(#([^)]+)\)/g)].map(([, anchor = '']) => anchor)
  expect(links.length).toBeGreaterThan(10)
  expect(links.filter((link) => !anchors.has(link))).toEqual([])
})
