/** The function's environment, by name. Set at synth time, read at run time; nothing else of it is read. */
export const ENV = {
  deployment: 'ELB_CERT_ROTATOR_DEPLOYMENT',
  intervalMs: 'ELB_CERT_ROTATOR_INTERVAL_MS',
  /** AWS's own. */
  region: 'AWS_REGION',
} as const
