/** A real Pebble, Let's Encrypt's own test server, that looks at the sandbox's DNS. */
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:https'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DAY_MS } from '../../lambda/domain/instant.ts'
import { portOf } from '../sandbox/aws/endpoint.ts'
import { makeAuthority, makeLeaf } from '../sandbox/certificates.ts'
import type { StartTestCa } from './trial.ts'

const HOUR_S = 3_600
const DAY_S = 24 * HOUR_S

/**
 * Pebble refuses five percent of nonces and reuses half of the valid authorizations by default; both stay on.
 * Only its random pauses before a validation are off.
 *
 * @param binary path of pebble 2.10.1
 */
export function pebbleCa(binary: string): StartTestCa {
  return async ({ dns }) => {
    const root = await makeAuthority('Pebble TLS Root')
    const tls = await makeLeaf(root, {
      hosts: ['localhost', '127.0.0.1'],
      notBefore: Date.now() - DAY_MS,
      notAfter: Date.now() + DAY_MS,
    })
    const folder = mkdtempSync(join(tmpdir(), 'elb-cert-rotator-pebble-'))
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    const [port, managementPort] = await freePorts()
    const config = {
      pebble: {
        listenAddress: `127.0.0.1:${port}`,
        managementListenAddress: `127.0.0.1:${managementPort}`,
        certificate: file('tls.pem', tls.pem),
        privateKey: file('tls.key', tls.privateKey),
        httpPort: 5002,
        tlsPort: 5001,
        externalAccountBindingRequired: false,
        retryAfter: { authz: 1, order: 1 },
        profiles: {
          classic: { description: 'ninety days', validityPeriod: 90 * DAY_S },
          shortlived: { description: '160 hours', validityPeriod: 160 * HOUR_S },
        },
      },
    }
    const args = [
      '-config',
      file('config.json', JSON.stringify(config)),
      '-dnsserver',
      `127.0.0.1:${dns.port}`,
      '-strict=true',
    ]
    const child = spawn(binary, args, { env: { PEBBLE_VA_NOSLEEP: '1' }, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const up = new Promise<void>((resolve, reject) => {
      const look = (chunk: Buffer) => {
        output += chunk.toString()
        if (output.includes('ACME directory available')) resolve()
      }
      child.stdout.on('data', look)
      child.stderr.on('data', look)
      child.once('error', reject)
      child.once('exit', (code) => reject(new Error(`pebble ended with ${code}: ${output.slice(-2000)}`)))
    })
    await up
    return {
      directoryUrl: `https://127.0.0.1:${port}/dir`,
      rootPem: root.pem,
      advise: (certificate, body) =>
        manage(managementPort, root.pem, '/set-renewal-info/', {
          certificate,
          ariResponse: JSON.stringify(body),
        }),
      async stop() {
        const gone = new Promise((resolve) => child.once('close', resolve))
        child.kill('SIGTERM')
        await gone
        rmSync(folder, { recursive: true, force: true })
      },
    }
  }
}

/** @see https://github.com/letsencrypt/pebble "Management Interface" */
async function manage(port: number, ca: string, path: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json', 'user-agent': 'elb-cert-rotator tests' }
  const { status, text } = await new Promise<{ status: number; text: string }>((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, method: 'POST', ca, headers }, (answer) => {
      let text = ''
      answer.on('data', (chunk: Buffer) => {
        text += chunk.toString()
      })
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }))
    })
    call.on('error', reject)
    call.end(JSON.stringify(body))
  })
  if (status !== 200) throw new Error(`pebble answered ${status}: ${text}`)
}

/** Two ports that were free a moment ago. */
async function freePorts(): Promise<[number, number]> {
  const servers = [createServer(), createServer()]
  await Promise.all(
    servers.map((server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))),
  )
  const [first = 0, second = 0] = servers.map(portOf)
  await Promise.all(servers.map((server) => new Promise<void>((resolve) => server.close(() => resolve()))))
  return [first, second]
}
