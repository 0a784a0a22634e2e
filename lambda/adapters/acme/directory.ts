/** The CA's directory (RFC 8555 §7.1.1), as far as it is looked at here. */
export interface Directory {
  /** By name what the CA advertises; `null` when it has no profiles. */
  readonly profiles: readonly string[] | null
  /** Where it tells of renewals (RFC 9773 §3); `null` when it does not. */
  readonly renewalInfo: string | null
  /** It makes no account without one of its own (RFC 8555 §7.3.4). */
  readonly wantsExternalAccount: boolean
  readonly newAccount: string
}

/** @throws Error when it is none; what may be missing, or is nonsense, is as if it were not there */
export function readDirectory(data: unknown): Directory {
  const { newOrder, newAccount, renewalInfo, meta } = object(data)
  if (typeof newOrder !== 'string') throw new Error('it has no newOrder')
  const { profiles, externalAccountRequired } = object(meta)
  return {
    profiles: isObject(profiles) ? Object.keys(profiles) : null,
    renewalInfo: typeof renewalInfo === 'string' && renewalInfo.startsWith('https://') ? renewalInfo : null,
    wantsExternalAccount: externalAccountRequired === true,
    newAccount: String(newAccount),
  }
}

function object(value: unknown): Readonly<Record<string, unknown>> {
  return isObject(value) ? value : {}
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
