/** The configuration at synth time and on the command line: read, checked, private roots inlined. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type ParsedConfig, parseConfig } from '../lambda/config/parse.ts'
import { RotationError } from '../lambda/errors.ts'

/** @throws RotationError config/unreadable, config/syntax, config/invalid */
export function loadConfig(file: string): ParsedConfig {
  return withRoots(parseConfig(read(file, 'the configuration')), dirname(file))
}

/**
 * @param document the configuration as a value; a path in it is taken from the working directory
 * @throws RotationError config/unreadable, config/invalid
 */
export function checkConfig(document: object): ParsedConfig {
  return withRoots(parseConfig(JSON.stringify(document)), '.')
}

function withRoots({ config, warnings }: ParsedConfig, folder: string): ParsedConfig {
  const { rootCertificates } = config
  if (rootCertificates === null) return { config, warnings }
  const isInline = rootCertificates.includes('-----BEGIN')
  const pem = isInline ? rootCertificates : read(resolve(folder, rootCertificates), 'acme.root_certificates')
  try {
    new X509Certificate(pem)
  } catch {
    const where = isInline ? 'it' : resolve(folder, rootCertificates)
    throw new RotationError('config/invalid', `acme.root_certificates: found no PEM certificate in ${where}`)
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
