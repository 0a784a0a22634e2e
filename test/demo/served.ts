/**
 * What a client is served, as a line of JSON: `node served.ts HOST PORT SERVERNAME`. A process of its own, that
 * shares no code with the product and no memory with the sandbox.
 */
import { connect } from 'node:tls'

const [host = '', port = '', servername = ''] = process.argv.slice(2)
const socket = connect({ host, port: Number(port), servername, rejectUnauthorized: false }, () => {
  const { issuer, serialNumber, subjectaltname, valid_to } = socket.getPeerCertificate()
  const hosts = (subjectaltname ?? '').split(', ').map((entry) => entry.replace('DNS:', ''))
  const expiry = new Date(valid_to).toISOString()
  process.stdout.write(`${JSON.stringify({ issuer: issuer.CN, hosts, serial: serialNumber, expiry })}\n`)
  socket.destroy()
})
socket.setTimeout(60_000, () => socket.destroy(new Error('no handshake in 60 s')))
