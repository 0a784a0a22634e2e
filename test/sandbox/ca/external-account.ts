/** External account binding (RFC 8555 §7.3.4), refused in Pebble's words. */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { calculateJwkThumbprint, type JWK } from 'jose'
import { Problem } from './problem.ts'

/** @throws Problem externalAccountRequired, malformed, unauthorized, badPublicKey */
export async function checkExternalAccount(
  binding: unknown,
  accountKey: JWK,
  url: string,
  keys: ReadonlyMap<string, string>,
): Promise<void> {
  if (binding === undefined || binding === null)
    throw new Problem(
      'externalAccountRequired',
      "ACME server policy requires newAccount requests must include a value for the 'externalAccountBinding' field",
      403,
    )
  const { protected: head = '', payload = '', signature = '' } = binding as Record<string, string>
  const header = parse(head)
  if (header['alg'] !== 'HS256')
    throw new Problem('malformed', 'failed to decode external account binding: its algorithm is not HS256')
  if ('nonce' in header)
    throw new Problem('malformed', "the 'nonce' field must be absent in external account binding")
  if (header['url'] !== url)
    throw new Problem('malformed', "the 'url' field in external account binding differs from outer JWS")
  const key = keys.get(String(header['kid']))
  if (key === undefined)
    throw new Problem(
      'unauthorized',
      "the field 'kid' references a key that is not known to the ACME server",
      403,
    )
  const mac = createHmac('sha256', Buffer.from(key, 'base64url')).update(`${head}.${payload}`).digest()
  const given = Buffer.from(signature, 'base64url')
  if (given.length !== mac.length || !timingSafeEqual(given, mac))
    throw new Problem('unauthorized', 'external account binding JWS verification error', 403)
  const [bound, outer] = await Promise.all(
    [parse(payload) as unknown as JWK, accountKey].map((jwk) => calculateJwkThumbprint(jwk)),
  )
  if (bound !== outer)
    throw new Problem(
      'badPublicKey',
      'external account binding payload key does not match account key authenticating request',
    )
}

function parse(text: string): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(text, 'base64url').toString('utf8')) as Record<string, unknown>
  } catch {
    throw new Problem('malformed', 'failed to decode external account binding')
  }
}
