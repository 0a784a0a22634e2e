/** From an order whose challenges are answered to its certificate. @see RFC 8555 §7.4 */
import type { Time } from '../../ports.ts'
import { type AnsweredOrder, orderFailed } from './answers.ts'
import { explain } from './problem.ts'
import type { retrying } from './retrying.ts'

/** The part of the library's client that is used here. */
interface Client {
  getOrder(order: object): Promise<AnsweredOrder>
  finalizeOrder(order: object, csr: string): Promise<unknown>
  getCertificate(order: object): Promise<unknown>
}

type Call = ReturnType<typeof retrying>

/** Poll, at the CA's Retry-After within our bounds, until `ask` has an answer. */
export type WaitFor = <T>(url: string, what: string, ask: () => Promise<T | null>) => Promise<T>

/** @returns the chain as PEM @throws acme/order-failed, acme/timed-out, and when the CA refuses */
export async function finalizeOrder(
  client: Client,
  url: string,
  csr: string,
  { call, waitFor, time }: { readonly call: Call; readonly waitFor: WaitFor; readonly time: Time },
): Promise<string> {
  const doing = `the order ${url}`
  const get = () => call(doing, () => client.getOrder({ url }))
  const ready = await waitFor(url, doing, async () => {
    const seen = await get()
    if (seen.status === 'invalid') throw orderFailed(seen, doing)
    return seen.status === 'pending' ? null : seen
  })
  if (ready.status === 'ready') {
    try {
      await client.finalizeOrder(ready, csr)
    } catch (thrown) {
      // the answer may have been lost after the CA had begun: the order's status tells
      const seen = await get()
      if (seen.status === 'ready') await call(doing, () => client.finalizeOrder(seen, csr))
      else if (seen.status === 'invalid') throw explain(thrown, doing, time.now())
    }
  }
  const valid = await waitFor(url, doing, async () => {
    const seen = await get()
    if (seen.status === 'invalid') throw orderFailed(seen, doing)
    return seen.status === 'valid' ? seen : null
  })
  return call('the certificate', async () => {
    const chain = await client.getCertificate(valid)
    if (typeof chain !== 'string') throw new Error('it is not text')
    return chain
  })
}
