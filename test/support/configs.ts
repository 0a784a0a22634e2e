/** Configurations as they are after parsing. */
import { limitsOf } from '../../lambda/domain/ca-limits.ts'
import type { Config } from '../../lambda/domain/config.ts'
import type { Certificate } from '../../lambda/domain/model.ts'
import { classicListener } from '../../lambda/domain/targets.ts'

export const DIRECTORY = 'https://ca.example.com/directory'

/** @param parts what is told of each certificate; the rest is the usual */
export function configOf(...parts: Partial<Certificate>[]): Config {
  return {
    directoryUrl: DIRECTORY,
    contact: [],
    rootCertificates: null,
    isStaging: false,
    externalAccount: null,
    limits: limitsOf(DIRECTORY, {}),
    zones: [],
    certificates: parts.map((part, at) => ({
      id: `certificate-${at}`,
      hosts: [`host-${at}.example.com`],
      keyType: 'ecdsa',
      profile: null,
      directoryUrl: DIRECTORY,
      isStaging: false,
      takeOver: 'when_due',
      allowStaging: false,
      targets: [classicListener(`balancer-${at}`, 443)],
      ...part,
    })),
  }
}
