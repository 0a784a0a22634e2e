/** The account with the CA: the stored one, or a new one. @see RFC 8555 §7.3 */
import { RotationError } from '../../domain/rotation-error.ts'
import type { AccountRecord, AccountStore, ExternalAccount, MakeKey } from '../../ports.ts'
import type { Directory } from './directory.ts'
import type { retrying } from './retrying.ts'

export interface AccountOptions {
  readonly contact: readonly string[]
  readonly accounts: AccountStore
  /** What binds a new account to an existing customer; `null` when none is configured. */
  readonly externalAccount: (() => Promise<ExternalAccount>) | null
  readonly makeKey: MakeKey
}

/** The library's client, as far as it is used here. */
export interface AccountClient {
  createAccount(data: { termsOfServiceAgreed: true; contact?: string[] }): Promise<unknown>
  getAccountUrl(): string
}

export type NewClient = (key: string, externalAccount: ExternalAccount | null) => AccountClient

/** @throws RotationError account/unreadable, account/external-missing, acme/account-refused */
export async function openAccount(
  { contact, accounts, externalAccount, makeKey }: AccountOptions,
  directory: Directory,
  newClient: NewClient,
  call: ReturnType<typeof retrying>,
): Promise<AccountRecord> {
  const known = await accounts.load()
  if (known) return known
  if (directory.wantsExternalAccount && externalAccount === null)
    throw new RotationError(
      'account/external-missing',
      'the CA creates no account without an external account binding, and acme.external_account is not set',
    )
  const external = externalAccount === null ? null : await externalAccount()
  const key = (await makeKey('ecdsa')).export({ type: 'pkcs8', format: 'pem' }) as string
  const client = newClient(key, external)
  const data = contact.length > 0 ? { contact: [...contact] } : {}
  const url = await call('a new account', async () => {
    // a repeated request finds the account of the first one, and the library's next request may then be refused
    await client.createAccount({ termsOfServiceAgreed: true, ...data }).catch((error: unknown) => {
      if (!hasAccount(client)) throw error
    })
    return client.getAccountUrl()
  })
  return accounts.save({ key, url })
}

function hasAccount(client: AccountClient): boolean {
  try {
    return client.getAccountUrl() !== ''
  } catch {
    return false
  }
}
