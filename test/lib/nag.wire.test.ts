/** cdk-nag's AwsSolutions finds nothing that is not accounted for, one by one. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { App, type Environment, Stack, Validations } from 'aws-cdk-lib'
import { Bucket } from 'aws-cdk-lib/aws-s3'
import { AwsSolutionsChecks } from 'cdk-nag'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { CertificateRotation, type CertificateRotationProps } from '../../lib/index.ts'

const ZONES = [{ name: 'example.com', id: 'Z0123456789' }]
const HOSTS = Array.from({ length: 500 }, (_, at) => `host-${at}.example.com`)
const MANY = [0, 1, 2, 3, 4].map((part) => ({
  name: `${part}`,
  hosts: HOSTS.slice(part * 100, (part + 1) * 100),
  elb: { name: `web-${part}` },
}))

describe('cdk-nag', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'elb-cert-rotator-nag-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  function findings(name: string, prepare: (stack: Stack) => void, env?: Environment): string[] {
    const app = new App({ outdir: join(folder, name) })
    prepare(new Stack(app, 'shop', env ? { env } : {}))
    Validations.of(app).addPlugins(new AwsSolutionsChecks(app))
    try {
      app.synth()
    } catch (error) {
      expect(String(error)).toMatch(/^ValidationFailed/)
    }
    const report = join(folder, name, 'validation-report.json')
    if (!existsSync(report)) return []
    const { pluginReports } = JSON.parse(readFileSync(report, 'utf8')) as {
      pluginReports: { violations: { ruleName: string }[] }[]
    }
    return pluginReports.flatMap(({ violations }) => violations.map(({ ruleName }) => ruleName))
  }

  const rotation =
    (props: Partial<CertificateRotationProps> & Pick<CertificateRotationProps, 'config'>) => (stack: Stack) =>
      void new CertificateRotation(stack, 'Rotation', props)

  it.each<[string, (stack: Stack) => void, Environment | undefined]>([
    ['everything', rotation({ config: MANY, alarmEmails: ['a@example.com'], dashboard: true }), undefined],
    [
      'zones by id',
      rotation({ config: { dns: { zones: ZONES }, certificates: MANY.slice(0, 1) } }),
      undefined,
    ],
    ['a known place', rotation({ config: MANY }), { account: '111122223333', region: 'eu-west-1' }],
  ])('finds nothing in a stack of %s', (name, prepare, env) => {
    expect(findings(name, prepare, env).filter((rule) => rule.startsWith('AwsSolutions'))).toEqual([])
  })

  it('is really looking: a bucket of somebody else is found', () => {
    const found = findings('bucket', (stack) => {
      rotation({ config: MANY.slice(0, 1) })(stack)
      new Bucket(stack, 'Bucket')
    })
    expect(found).toContain('AwsSolutions-S1')
  })
})
