/** A thousand challenge names: several policies, and no batch that one statement of them would not allow. */
import { expect, it } from 'vitest'
import { DAY_MS } from '../../lambda/domain/instant.ts'
import type { Policy } from '../sandbox/aws/policies.ts'
import { deployedRunner } from '../support/runners.ts'
import { startTrial } from '../support/trial.ts'

const CHANGE = 'route53:ChangeResourceRecordSets'
const ZONES = ['example.com', 'example.net', 'example.org']
const CERTIFICATES = 10
const HOSTS_EACH = 100

it('rotates certificates of a thousand hosts over several policies', async () => {
  let policies: readonly Policy[] = []
  const trial = await startTrial(undefined, { certificateLimit: 100, propagationMs: 5_000 }, (surroundings) =>
    deployedRunner(surroundings, (found) => {
      policies = found
      return found
    }),
  )
  const { sandbox } = trial
  const zones = ZONES.map((name) => ({ name, id: sandbox.route53.addZone(name) }))
  const certificates = await Promise.all(
    Array.from({ length: CERTIFICATES }, async (_, at) => {
      const hosts = Array.from(
        { length: HOSTS_EACH },
        (_, n) => `host-${at}-${n}.${ZONES[(at + n) % ZONES.length]}`,
      )
      const bought = await sandbox.buy(`bought-${at}`, { hosts: hosts.slice(0, 1), endsInMs: 9 * DAY_MS })
      await sandbox.addLoadBalancer(`web-${at}`, 443, bought)
      return { name: `web-${at}`, hosts, key_type: 'ecdsa', elb: { name: `web-${at}` } }
    }),
  )
  trial.configure({ dns: { zones }, certificates })
  const ran = await trial.run()
  expect(ran.error).toBeNull()
  expect(new Set(Object.values(ran.outcomes))).toEqual(new Set(['renewed']))

  const statements = policies.flatMap(({ document }) => document.Statement)
  const written = statements.filter(({ Action }) => Action === CHANGE)
  const changes = sandbox.aws.calls.filter(({ action }) => action === CHANGE)
  console.log(
    `${CERTIFICATES * HOSTS_EACH} names: ${policies.length} policies, ${written.length} statements for changes, ${changes.length} changes`,
  )
  expect(policies.length).toBeGreaterThan(1)
  expect(changes.every(({ error }) => error === null)).toBe(true)
  await trial.stop()
})
