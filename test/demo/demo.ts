/** `npm run demo`: one rotation from end to end, on this machine alone. Exits non-zero if any of it did not hold. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DEFAULTS } from '../../lambda/domain/defaults.ts'
import { DAY_MS, HOUR_MS } from '../../lambda/domain/instant.ts'
import { stateTable } from '../../lambda/domain/names.ts'
import { startSandbox } from '../sandbox/sandbox.ts'

const HOSTS = ['example.com', '*.example.com']
const BALANCER = 'shop'
const CLI = fileURLToPath(new URL('../../bin/cli.ts', import.meta.url))
const SERVED = fileURLToPath(new URL('served.ts', import.meta.url))

interface Served {
  readonly issuer: string
  readonly hosts: readonly string[]
  readonly serial: string
  readonly expiry: string
}

const failures: string[] = []
const begun = performance.now()
const sandbox = await startSandbox({ propagationMs: 2_000, spreadMs: 2_000 })
const folder = mkdtempSync(join(tmpdir(), 'elb-cert-rotator-demo-'))
try {
  sandbox.route53.addZone('example.com')
  const bought = await sandbox.buy('bought-last-year', { hosts: HOSTS, endsInMs: 9 * DAY_MS + HOUR_MS })
  // as a deployment has it
  await sandbox.dynamodb.addTable(stateTable(DEFAULTS.deployment))
  const { port } = await sandbox.addLoadBalancer(BALANCER, 0, bought)
  const config = join(folder, 'certificates.json')
  const entry = { hosts: HOSTS, key_type: 'ecdsa', elb: { name: BALANCER, port } }
  writeFileSync(
    config,
    JSON.stringify({ acme: { directory_url: sandbox.ca.directoryUrl }, certificates: [entry] }),
  )

  say('AWS, DNS, a load balancer and a CA run on this machine. No AWS account is used.')
  const before = await served(port)
  show('1. What the load balancer serves: a certificate bought elsewhere', before)
  expect(before.issuer === 'Paid CA', 'the paid certificate is served first')

  const plan = await cli('2. The plan', ['--config', config, '--dry-run'])
  expect(plan.code === 0 && plan.stdout.includes('renewal-due'), 'the plan renews it')
  expect((await served(port)).serial === before.serial, 'the dry run changed nothing')

  const rotation = await cli('3. The rotation', ['--config', config])
  expect(rotation.code === 0 && rotation.stdout.includes('renewed'), 'it was renewed')
  const after = await served(port)
  show('4. What the load balancer serves now', after)
  expect(
    after.issuer === sandbox.ca.issuerName && after.serial !== before.serial,
    'the new certificate is served',
  )
  expect(
    HOSTS.every((host) => after.hosts.includes(host)),
    'it covers the same hosts',
  )
  expect(Date.parse(after.expiry) - Date.now() > 80 * DAY_MS, 'it lives for ninety days')

  const again = await cli('5. Run again: nothing is left to do', ['--config', config])
  expect(again.code === 0 && again.stdout.includes('settled'), 'nothing is left to do')
  expect((await served(port)).serial === after.serial, 'the second run changed nothing')
} finally {
  await sandbox.stop()
  rmSync(folder, { recursive: true, force: true })
}

const seconds = ((performance.now() - begun) / 1000).toFixed(1)
for (const failure of failures) say(`did not hold: ${failure}`)
say(
  failures.length === 0
    ? `All of that held, in ${seconds} s.`
    : `${failures.length} did not hold, in ${seconds} s.`,
)
process.exitCode = failures.length === 0 ? 0 : 1

function say(text: string): void {
  process.stdout.write(`${text}\n\n`)
}

function show(title: string, { issuer, hosts, serial, expiry }: Served): void {
  const days = Math.floor((Date.parse(expiry) - Date.now()) / DAY_MS)
  say(
    [
      title,
      `   issuer  ${issuer}`,
      `   hosts   ${hosts.join(', ')}`,
      `   serial  ${serial.toLowerCase()}`,
      `   expiry  ${expiry.slice(0, 10)} (in ${days} days)`,
    ].join('\n'),
  )
}

function expect(held: boolean, what: string): void {
  if (!held) failures.push(what)
}

async function served(port: number): Promise<Served> {
  const { stdout } = await start([SERVED, '127.0.0.1', String(port), 'example.com'], () => undefined)
  return JSON.parse(stdout) as Served
}

async function cli(title: string, args: readonly string[]): Promise<{ code: number | null; stdout: string }> {
  const shown = ['elb-cert-rotator run', ...args].join(' ').replace(folder, '.')
  process.stdout.write(`${title}\n   $ ${shown}\n`)
  const result = await start([CLI, 'run', ...args], (text) =>
    process.stdout.write(text.replace(/^(?=.)/gm, '   ')),
  )
  process.stdout.write('\n')
  return result
}

function start(
  args: readonly string[],
  onOutput: (text: string) => void,
): Promise<{ code: number | null; stdout: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { env: { PATH: process.env['PATH'], ...sandbox.env } })
    let stdout = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      onOutput(text)
    })
    child.stderr.setEncoding('utf8').on('data', onOutput)
    child.once('error', reject)
    child.once('close', (code) => resolve({ code, stdout }))
  })
}
