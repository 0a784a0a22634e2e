/** Configurations as they are after parsing. */
import type { Config } from '../../lambda/config/parse.ts'
import { limitsOf } from '../../lambda/limits/ca-limits.ts'
import type { Certificate } from '../../lambda/model.ts'

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
      targets: [{ kind: 'classic', loadBalancer: `balancer-${at}`, port: 443 }],
      ...part,
    })),
  }
}
