/** The CA's directory (RFC 8555 §7.1.1), as far as it is used here. */
export interface Directory {
  /** Names of the profiles that the CA offers; `null` when it has none. */
  readonly profiles: readonly string[] | null
  /** URL of its renewal information (RFC 9773 §3); `null` when it offers none. */
  readonly renewalInfo: string | null
  /** It creates accounts only with an external account binding (RFC 8555 §7.3.4). */
  readonly wantsExternalAccount: boolean
  readonly newAccount: string
}

/** @throws Error when it is not a directory; an optional part that is nonsense counts as missing */
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
