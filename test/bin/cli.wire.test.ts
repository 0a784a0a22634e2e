import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { main } from '../../bin/cli.ts'
import { DEFAULTS } from '../../lambda/domain/defaults.ts'
import { DAY_MS, MINUTE_MS } from '../../lambda/domain/instant.ts'
import { stateTable } from '../../lambda/domain/names.ts'
import { type Sandbox, startSandbox } from '../sandbox/sandbox.ts'
import { keysIn, leaksOf } from '../support/keys.ts'

describe('the command line', () => {
  let sandbox: Sandbox
  let folder: string
  let config: string
  let printed = ''

  beforeAll(async () => {
    sandbox = await startSandbox({
      propagationMs: 0,
      spreadMs: 0,
      ca: { validationDelayMs: 0, finalizeDelayMs: 0 },
    })
    Object.assign(process.env, sandbox.env)
    await sandbox.dynamodb.addTable(stateTable(DEFAULTS.deployment))
    sandbox.route53.addZone('example.com')
    const bought = await sandbox.buy('bought', { hosts: ['www.example.com'], endsInMs: 9.5 * DAY_MS })
    const { port } = await sandbox.addLoadBalancer('web', 0, bought)
    folder = mkdtempSync(join(tmpdir(), 'elb-cert-rotator-cli-'))
    writeFileSync(join(folder, 'roots.pem'), sandbox.ca.rootPem)
    config = file('config.json', {
      acme: { directory_url: sandbox.ca.directoryUrl, root_certificates: 'roots.pem' },
      certificates: [
        { name: 'shop', hosts: ['www.example.com'], key_type: 'ecdsa', elb: { name: 'web', port } },
      ],
    })
  })
  afterAll(async () => {
    expect(keysIn(sandbox).length).toBeGreaterThan(2)
    for (const key of keysIn(sandbox)) expect(leaksOf(key, printed)).toEqual([])
    await sandbox.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  function file(name: string, content: object | string): string {
    const path = join(folder, name)
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
    return path
  }

  function cli(...argv: string[]) {
    return cliWith(sandbox.env, ...argv)
  }

  async function cliWith(
    env: Readonly<Record<string, string>>,
    ...argv: string[]
  ): Promise<{ code: number; stdout: string; stderr: string }> {
    const out: string[] = []
    const err: string[] = []
    const io = {
      env,
      stdout: (text: string) => void out.push(text),
      stderr: (text: string) => void err.push(text),
    }
    const code = await main(argv, io)
    printed += [...out, ...err].join('\n')
    return { code, stdout: out.join(''), stderr: err.join('') }
  }

  it('prints the plan with its reasons in a dry run, changes nothing, and exits with 0', async () => {
    const before = sandbox.snapshot()
    const { code, stdout, stderr } = await cli('run', '--config', config, '--dry-run')
    expect(stdout).toMatch(
      /^plan:\n {2}issue {4}shop {2}renewal-due: ends in 9 days, on [\d-]+ \(foreign, by Paid CA, Sandbox\)\n {2}attach {3}shop {2}to web:\d+; if that breaks it, bought is put back\ndry run: nothing was changed\n$/,
    )
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(sandbox.snapshot()).toEqual(before)
  })

  it('renews with progress on stderr and plan and report on stdout, and exits with 0', async () => {
    const { code, stdout, stderr } = await cli('run', '--config', config)
    expect(stdout).toMatch(
      /^plan:\n[\s\S]*\nreport:\n {2}renewed {2}shop {2}good until [\d-]+\nok: 1 certificate\n$/,
    )
    expect(stderr).toMatch(
      /due, for www\.example\.com\n[\s\S]*issued by Sandbox CA 1[\s\S]*attached to web:\d+\n/,
    )
    expect(code).toBe(0)
  })

  it('has nothing to do in a second run', async () => {
    const { code, stdout, stderr } = await cli('run', '--config', config, '--interval', '6h')
    expect(stdout).toMatch(
      /^plan:\n {2}keep {5}shop {2}good until [\d-]+, due [\d-]+\nreport:\n {2}settled {2}shop/,
    )
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it('keeps what another deployment stores apart', async () => {
    const { code, stdout } = await cli('run', '--config', config, '--deployment', 'other', '--dry-run')
    expect(stdout).toMatch(/keep {5}shop {2}foreign certificate at web:\d+ stays until/)
    expect(code).toBe(0)
  })

  it('goes on without a table, says so, and is content', async () => {
    const { code, stderr, stdout } = await cli('run', '--config', config, '--deployment', 'none')
    expect(stderr).toBe(
      'warning: there is no DynamoDB table elb-cert-rotator-none in this region, so that nothing is remembered (state/absent)\n',
    )
    expect(stdout).toContain('settled')
    expect(code).toBe(0)
  })

  it('goes on where it may not use the table, and fails in the end: another run may act at the same time', async () => {
    sandbox.aws.allow(({ action }) => !action.startsWith('dynamodb:'))
    const { code, stdout, stderr } = await cli('run', '--config', config)
    sandbox.aws.allow(null)
    expect(stderr).toMatch(/^warning: dynamodb:PutItem on the table .* is denied: .*\(aws\/access-denied\)\n/)
    expect(stderr).toMatch(
      /\nelb-cert-rotator: hint: allow the action on the resource that the message names\n$/,
    )
    expect(stdout).toContain('settled')
    expect(code).toBe(1)
  })

  it('does nothing where another run acts, says until when, and is content', async () => {
    const table = stateTable(DEFAULTS.deployment)
    const now = Date.now()
    const data = JSON.stringify({ holder: 'other', expiresAt: now + 10 * MINUTE_MS })
    await sandbox.dynamodb.put(table, { id: 'lease', v: 1, deployment: DEFAULTS.deployment, at: now, data })
    const before = sandbox.snapshot()
    const { code, stdout, stderr } = await cli('run', '--config', config, '--force')
    expect(stderr).toMatch(
      /^another run of this deployment is active \(its lease ends [\dTZ:-]+\); nothing was done\n$/,
    )
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' })
    expect(sandbox.snapshot()).toEqual(before)
    await sandbox.dynamodb.deleteTable(table)
    await sandbox.dynamodb.addTable(table)
  })

  it('prints what is deleted, what stays and why, in a dry run', async () => {
    const { stdout } = await cli('run', '--config', config, '--dry-run')
    expect(stdout).not.toContain('stays')
    await cli('run', '--config', config, '--force')
    await cli('run', '--config', config, '--force')
    const { stdout: after } = await cli('run', '--config', config, '--dry-run')
    expect(after).toMatch(/ {2}stays {4}shop {2}shop-[\w-]+: kept for rollback\n/)
    expect(after).toMatch(/ {2}stays {4}shop {2}shop-[\w-]+: superseded, and kept until [\dTZ:-]+\n/)
  })

  it('prints every event as a line of JSON with --json, and nothing else', async () => {
    const { code, stdout, stderr } = await cli(
      'run',
      '--config',
      config,
      '--json',
      '--force',
      '--only',
      'shop',
    )
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { event: string; runId: string })
    expect(events[0]).toMatchObject({ event: 'run.started', force: true, only: ['shop'], level: 'info' })
    expect(events.at(-1)).toMatchObject({ event: 'run.finished', ok: true, counts: { renewed: 1 } })
    expect(new Set(events.map(({ runId }) => runId)).size).toBe(1)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it('goes on to the end when its reader goes away, as in a pipe to head', async () => {
    const CLI = fileURLToPath(new URL('../../bin/cli.ts', import.meta.url))
    const args = [CLI, 'run', '--config', config, '--json', '--force']
    const child = spawn(process.execPath, args, { env: { ...sandbox.env, PATH: process.env['PATH'] } })
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => {
      stderr += chunk.toString()
    })
    child.stdout.once('data', () => child.stdout.destroy())
    const code = await new Promise((resolve) => child.once('exit', resolve))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it('exits with 1 when an outcome failed, and says what to do about it', async () => {
    const bad = file('bad.json', {
      acme: { directory_url: sandbox.ca.directoryUrl, root_certificates: 'roots.pem' },
      certificates: [{ hosts: ['www.example.com'], elb: { name: 'nothing-here' } }],
    })
    const { code, stdout } = await cli('run', '--config', bad)
    expect(stdout).toContain(
      '  failed   www.example.com\n    no classic load balancer is named nothing-here, found web (elb/load-balancer-not-found)\n    hint: check elb.name in the configuration, and the region',
    )
    expect(stdout).toMatch(/failed: 1 of 1 certificate\n$/)
    expect(code).toBe(1)
  })

  it.each([
    [['run'], /error: --config FILE is missing \(usage\/invalid\)\nelb-cert-rotator: hint: /],
    [
      ['run', '--config', '/nowhere.json'],
      /cannot be read: \/nowhere\.json \(ENOENT\) \(config\/unreadable\)/,
    ],
    [['run', '--config'], /error: Option '--config <value>' argument missing \(usage\/invalid\)/],
    [['run', '--conifg', 'x'], /error: Unknown option '--conifg' \(usage\/invalid\)/],
    [
      ['run', '--config', 'x', '--interval', 'daily'],
      /--interval daily: expected a duration, for example 90m, 6h or 1d/,
    ],
    [['run', '--config', 'x', '--deployment', 'a/b'], /--deployment "a\/b": expected letters/],
    [['rnu'], /error: unknown command rnu \(usage\/invalid\)/],
    [[], /error: no command given/],
  ])('exits with 2 and two lines for wrong usage: %j', async (argv, words) => {
    const { code, stdout, stderr } = await cli(...argv)
    expect(stderr).toMatch(words)
    expect(stderr.trimEnd().split('\n')).toHaveLength(2)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })

  it('exits with 2 for a broken configuration, with every problem of it', async () => {
    const broken = file('broken.json', [{ hosts: [], elb: {} }])
    const { code, stderr } = await cli('run', '--config', broken)
    expect(stderr).toBe(
      `elb-cert-rotator: error: the configuration has 2 problems:
  [0].hosts: found [], expected at least one element
  [0].elb.name: found nothing, expected a string (config/invalid)
elb-cert-rotator: hint: correct each line of the message; docs/config.schema.json describes every key
`,
    )
    expect(code).toBe(2)
  })

  it('exits with 2 for a name that no entry has, and for no region', async () => {
    expect(await cli('run', '--config', config, '--only', 'shpo')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no certificate is named "shpo"; did you mean "shop"?'),
    })
    expect(await cliWith({}, 'run', '--config', config)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('set AWS_REGION'),
    })
  })

  it('tells its commands and its version', async () => {
    expect(await cli('--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('run      renew what is due'),
    })
    expect(await cli('run', '--help')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('--dry-run'),
    })
    expect(await cli('--version')).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    })
  })
})
