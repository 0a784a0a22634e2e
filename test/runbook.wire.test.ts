/** Nobody who is sent to the runbook finds nothing there. */
import { readFileSync } from 'node:fs'
import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { expect, it } from 'vitest'
import { ERRORS } from '../lambda/errors.ts'
import { CertificateRotation } from '../lib/index.ts'

const RUNBOOK = readFileSync(new URL('../docs/runbook.md', import.meta.url), 'utf8')

/** Headings of the third level below one of the second. */
function sections(heading: string): string[] {
  const [, rest = ''] = RUNBOOK.split(`\n## ${heading}\n`)
  const [part = ''] = rest.split('\n## ')
  return [...part.matchAll(/^### (.+)$/gm)].map(([, title = '']) => title)
}

it('has a section for each alarm, and for no other', () => {
  const stack = new Stack(new App(), 'shop')
  new CertificateRotation(stack, 'Rotation', { config: [{ hosts: ['example.com'], elb: { name: 'web' } }] })
  const alarms = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm'))
  expect(sections('Alarms')).toEqual(alarms.map(({ Properties }) => Properties.AlarmName.split('/').at(-1)))
})

it('has a section for each error code, in the order of the table', () => {
  expect(sections('Error codes')).toEqual(Object.keys(ERRORS))
})

it('links to nothing that is not there', () => {
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
