/** Both uses of the construct, as the examples show them: a file for the app that comes with it, and an app of one's own. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const FILES = readdirSync(join(ROOT, 'examples')).filter((file) => file.endsWith('.json'))

describe('the examples', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'elb-cert-rotator-examples-'))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  /** @returns the types of what would be deployed */
  async function synth(app: string, stack: string, context: object = {}): Promise<string[]> {
    const out = join(folder, stack)
    const env = { ...process.env, CDK_OUTDIR: out, CDK_CONTEXT_JSON: JSON.stringify(context) }
    await promisify(execFile)(process.execPath, [app], { cwd: ROOT, env })
    const { Resources } = JSON.parse(readFileSync(join(out, `${stack}.template.json`), 'utf8')) as {
      Resources: Record<string, { Type: string }>
    }
    return Object.values(Resources).map(({ Type }) => Type)
  }

  it.each(FILES)('%s is synthesised by the app that comes with it', async (file) => {
    const types = await synth('bin/app.ts', 'ElbCertRotator', { config: `examples/${file}` })
    expect(types).toContain('AWS::Scheduler::Schedule')
  })

  it('in-your-own-app.ts is synthesised, with the package by its name', async () => {
    const types = await synth('examples/in-your-own-app.ts', 'edge')
    expect(types).toContain('AWS::CloudWatch::Dashboard')
    expect(
      types.filter((type) => type === 'AWS::SNS::Topic'),
      'the topic of the app alone',
    ).toHaveLength(1)
  })
})
