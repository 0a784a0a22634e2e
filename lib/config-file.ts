/** The configuration at synth time and on the command line: read, checked, private roots inlined. */
import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { type ParsedConfig, parseConfig } from '../lambda/config/parse.ts'
import { RotationError } from '../lambda/domain/rotation-error.ts'

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
  const where = isInline ? 'acme.root_certificates' : resolve(folder, rootCertificates)
  const pem = isInline ? rootCertificates : read(where, 'acme.root_certificates')
  return { config: { ...config, rootCertificates: certificatesIn(pem, where) }, warnings }
}

/** Many can read what is packed: a private key in the same file must not be included. */
function certificatesIn(pem: string, where: string): string {
  const blocks = pem.match(/-----BEGIN [^-]+-----[^-]+-----END [^-]+-----/g) ?? []
  const other = blocks.find((block) => !block.startsWith('-----BEGIN CERTIFICATE-----'))
  if (other)
    throw invalid(
      `${where} holds a ${other.split('-----')[1]?.replace('BEGIN ', '')}, expected certificates alone`,
    )
  if (blocks.length === 0) throw invalid(`found no PEM certificate in ${where}`)
  blocks.forEach((block, at) => {
    try {
      new X509Certificate(block)
    } catch {
      throw invalid(`number ${at + 1} of the ${blocks.length} certificates in ${where} is not a certificate`)
    }
  })
  return `${blocks.join('\n')}\n`
}

function invalid(what: string): RotationError {
  return new RotationError('config/invalid', `acme.root_certificates: ${what}`)
}

function read(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? 'unknown error'
    throw new RotationError('config/unreadable', `${what} cannot be read: ${file} (${code})`, {}, { cause })
  }
}
