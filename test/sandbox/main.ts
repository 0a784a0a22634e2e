/**
 * The sandbox alone: `npm run sandbox -- --state FILE [--zone NAME]… [--elb NAME:PORT]… [--propagation SECONDS]`.
 * Writes where everything is to FILE once all of it is up, and ends on SIGTERM.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { DAY_MS } from '../../lambda/domain/instant.ts'
import { startSandbox } from './sandbox.ts'

const USAGE = `npm run sandbox -- --state FILE [--zone NAME]... [--elb NAME:PORT]... [--propagation SECONDS]

  --state FILE            where to write endpoints and environment, as JSON, once everything is up
  --zone NAME             a public hosted zone (default: example.com)
  --elb NAME:PORT         a classic load balancer with an HTTPS listener; its certificate, bought elsewhere, ends in
                          nine days. Port 0 takes a free one. A port below 1024 is served on a free high one.
  --propagation SECONDS   from a DNS change to INSYNC (default: 1)
`

interface Wanted {
  readonly state: string
  readonly zones: readonly string[]
  readonly balancers: readonly { readonly name: string; readonly port: number }[]
  readonly propagationMs: number
}

/** @throws Error with one line for the user */
function parse(argv: readonly string[]): Wanted {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      state: { type: 'string' },
      zone: { type: 'string', multiple: true },
      elb: { type: 'string', multiple: true },
      propagation: { type: 'string', default: '1' },
    },
  })
  if (values.state === undefined) throw new Error('--state FILE is missing')
  const seconds = Number(values.propagation)
  if (!(seconds >= 0)) throw new Error(`--propagation ${values.propagation}: expected seconds`)
  return {
    state: values.state,
    zones: values.zone ?? ['example.com'],
    balancers: (values.elb ?? []).map(parseBalancer),
    propagationMs: seconds * 1000,
  }
}

function parseBalancer(text: string): { name: string; port: number } {
  const parts = /^([A-Za-z0-9-]{1,32}):(\d{1,5})$/.exec(text)
  if (!parts || Number(parts[2]) > 65_535) throw new Error(`--elb ${text}: expected NAME:PORT`)
  return { name: parts[1] ?? '', port: Number(parts[2]) }
}

async function main(wanted: Wanted): Promise<void> {
  const sandbox = await startSandbox({ propagationMs: wanted.propagationMs })
  for (const zone of wanted.zones) sandbox.route53.addZone(zone)
  const hosts = wanted.zones.flatMap((zone) => [zone, `*.${zone}`])
  const loadBalancers = []
  for (const { name, port } of wanted.balancers) {
    const bought = await sandbox.buy(`bought-for-${name}-${port}`, { hosts, endsInMs: 9 * DAY_MS })
    const listener = await sandbox.addLoadBalancer(name, port, bought)
    loadBalancers.push({ name, port: port || listener.port, address: '127.0.0.1', servedPort: listener.port })
  }
  const state = {
    aws: { endpoint: sandbox.aws.url },
    dns: { host: '127.0.0.1', port: sandbox.dns.port },
    acme: { directory: sandbox.ca.directoryUrl, rootsFile: sandbox.rootsFile },
    loadBalancers,
    zones: sandbox.route53.zones().map(({ id, name }) => ({ name: name.replace(/\.$/, ''), id })),
    env: sandbox.env,
  }
  // whoever finds the file may end the sandbox at once
  const stop = () => void sandbox.stop()
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  // whoever waits for the file must never read half of it
  writeFileSync(`${wanted.state}.new`, `${JSON.stringify(state, null, 2)}\n`)
  renameSync(`${wanted.state}.new`, wanted.state)
  process.stderr.write(`the sandbox is up: ${wanted.state}\n`)
}

try {
  await main(parse(process.argv.slice(2)))
} catch (error) {
  process.stderr.write(`sandbox: ${(error as Error).message}\n\n${USAGE}`)
  process.exitCode = 2
}
