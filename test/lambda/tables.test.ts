/** The tables of the code: nothing in them is dead, and what users rely on is pinned. */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { DEFAULTS } from '../../lambda/domain/defaults.ts'
import { ERRORS } from '../../lambda/domain/errors.ts'
import { EVENTS } from '../../lambda/domain/events.ts'
import { DAY_MS } from '../../lambda/domain/instant.ts'
import { VERSION } from '../../lambda/domain/version.ts'

const ROOT = new URL('../../', import.meta.url)
const LISTED = ['ls-files', '--cached', '--others', '--exclude-standard', 'lambda', 'lib', 'bin']
const SOURCE = execFileSync('git', LISTED, { cwd: ROOT, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file.endsWith('.ts') && file !== 'lambda/domain/errors.ts')
  .map((file) => readFileSync(new URL(file, ROOT), 'utf8'))
  .join('\n')

describe('the tables', () => {
  it.each(Object.keys(ERRORS))('have no error that is never thrown: %s', (code) => {
    expect(code).toMatch(/^[a-z]+\/[a-z]+(-[a-z]+)*$/)
    expect(SOURCE.includes(`'${code}'`)).toBe(true)
  })

  it.each(Object.keys(EVENTS))('have no event that is never emitted: %s', (event) => {
    expect(event).toMatch(/^[a-z]+\.[a-z]+(-[a-z]+)*$/)
    expect(SOURCE.includes(`event: '${event}'`)).toBe(true)
  })

  it('have the defaults that the documents tell', () => {
    expect(DEFAULTS).toMatchObject({
      deployment: 'elb-cert-rotator',
      directoryUrl: 'https://acme-v02.api.letsencrypt.org/directory',
      intervalMs: DAY_MS,
      maxPasses: 3,
      challengeTtlSeconds: 10,
      dnsChangeAttempts: 5,
      acmeLongestWaitMs: 60_000,
      attachTimeoutMs: 300_000,
      verifyTimeoutMs: 300_000,
      probeTimeoutMs: 4_000,
    })
  })

  it('have the version of package.json', () => {
    const { version } = JSON.parse(readFileSync(new URL('package.json', ROOT), 'utf8')) as { version: string }
    expect(VERSION).toBe(version)
  })
})
