/** The configuration file on disk, at synth time and on the command line: read, checked, private roots inlined. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type ParsedConfig, parseConfig } from '../lambda/config/parse.ts'
import { RotationError } from '../lambda/errors.ts'

/** @throws RotationError config/unreadable, config/syntax, config/invalid */
export function loadConfig(file: string): ParsedConfig {
  const { config, warnings } = parseConfig(read(file, 'the configuration'))
  if (config.rootCertificates === null) return { config, warnings }
  const roots = resolve(dirname(file), config.rootCertificates)
  const pem = read(roots, 'acme.root_certificates')
  try {
    new X509Certificate(pem)
  } catch {
    throw new RotationError('config/invalid', `acme.root_certificates: found no PEM certificate in ${roots}`)
  }
  return { config: { ...config, rootCertificates: pem }, warnings }
}

function read(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new RotationError('config/unreadable', `${what} cannot be read: ${file} (${code})`, {}, { cause })
  }
}
