/** CAs whose certificates clients do not trust, by the host of their directory. */
const STAGING_HOSTS: readonly string[] = [
  // https://letsencrypt.org/docs/staging-environment/
  'acme-staging-v02.api.letsencrypt.org',
  // https://cloud.google.com/certificate-manager/docs/public-ca
  'dv.acme-v02.test-api.pki.goog',
]

export function isKnownStaging(directoryUrl: string): boolean {
  return (
    URL.canParse(directoryUrl) && STAGING_HOSTS.includes(new URL(directoryUrl).hostname.replace(/\.$/, ''))
  )
}
