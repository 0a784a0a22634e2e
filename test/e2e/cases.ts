/** What a rotation is from end to end, told once and run against every CA. */
import type { X509Certificate } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../lambda/domain/instant.ts'
import { deployedRunner } from '../support/runners.ts'
import { names, type Ran, type StartTestCa, startTrial, TABLE, type Trial } from '../support/trial.ts'

const ZONE = 'example.com'
const OTHER_ZONE = 'example.org'

export function endToEndCases(caName: string, startCa: StartTestCa): void {
  describe(`rotation with ${caName}`, () => {
    let trial: Trial
    let zoneId: string
    let otherZoneId: string

    beforeEach(async () => {
      trial = await startTrial(startCa, {}, deployedRunner)
      zoneId = trial.sandbox.route53.addZone(ZONE)
      otherZoneId = trial.sandbox.route53.addZone(OTHER_ZONE)
    })
    afterEach(async () => {
      const left = challengeRecords()
      await trial.stop()
      expect(left, 'no challenge value of ours is left').toEqual([])
    })

    /** A load balancer whose bought certificate ends in `days`. */
    async function balancer(name: string, hosts: readonly string[], days = 9, port = 443): Promise<void> {
      const arn = await trial.sandbox.buy(`bought-for-${name}-${port}`, { hosts, endsInMs: days * DAY_MS })
      await trial.sandbox.addLoadBalancer(name, port, arn)
    }

    function served(name: string, port = 443): X509Certificate {
      return trial.sandbox.listener(name, port).serving().x509
    }

    function attached(name: string, port = 443): string | null | undefined {
      return trial.sandbox.elb.balancers.get(name)?.listeners.find((one) => one.port === port)?.certificateArn
    }

    /** Values at challenge names that nobody else put there. */
    function challengeRecords(): string[] {
      return [zoneId, otherZoneId].flatMap((id) =>
        trial.sandbox.route53
          .records(id)
          .filter(({ name }) => name.startsWith('_acme-challenge'))
          .flatMap(({ name, values }) =>
            values.filter((value) => !value.includes('foreign')).map((value) => `${name} ${value}`),
          ),
      )
    }

    function issuedCount(...runs: Ran[]): number {
      return runs.flatMap(names).filter((name) => name === 'cert.issued').length
    }

    async function expectSettled(): Promise<void> {
      const before = trial.sandbox.snapshot()
      const again = await trial.run()
      expect(again.error).toBeNull()
      expect(new Set(Object.values(again.outcomes))).toEqual(new Set(['settled']))
      expect(trial.sandbox.snapshot()).toEqual(before)
    }

    it('renews an RSA certificate for one host, and a second run has nothing to do', async () => {
      await balancer('web', ['www.example.com'])
      trial.configure([{ hosts: ['www.example.com'], elb: { name: 'web', port: '443' } }])
      const ran = await trial.run()
      expect(ran.error).toBeNull()
      expect(ran.outcomes).toEqual({ 'www.example.com': 'renewed' })
      const leaf = served('web')
      expect(leaf.publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 })
      expect(leaf.subjectAltName).toBe('DNS:www.example.com')
      expect(leaf.subject ?? '').not.toContain('CN=')
      expect(names(ran)).toEqual([
        'run.started',
        'plan.made',
        'cert.due',
        'challenge.presented',
        'challenge.synced',
        'challenge.seen',
        'cert.issued',
        'cert.stored',
        ...names(ran).filter((name) => name === 'cert.spreading'),
        'cert.attached',
        'cert.verified',
        'plan.made',
        'run.finished',
      ])
      await expectSettled()
    })

    it('renews an ECDSA certificate for an apex with its wildcard: two values at one name', async () => {
      await balancer('web', [ZONE, `*.${ZONE}`])
      trial.configure([{ hosts: [ZONE, `*.${ZONE}`], key_type: 'ecdsa', elb: { name: 'web' } }])
      const ran = await trial.run()
      expect(ran.outcomes).toEqual({ [ZONE]: 'renewed' })
      expect(served('web').publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'prime256v1' })
      await expectSettled()
    })

    it('makes every key type', async () => {
      const keyTypes = ['rsa-3072', 'rsa-4096', 'ecdsa-p384']
      for (const keyType of keyTypes) await balancer(keyType, [`${keyType}.${ZONE}`])
      trial.configure(
        keyTypes.map((key_type) => ({ hosts: [`${key_type}.${ZONE}`], key_type, elb: { name: key_type } })),
      )
      expect((await trial.run()).error).toBeNull()
      expect(served('rsa-3072').publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 3072 })
      expect(served('rsa-4096').publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 4096 })
      expect(served('ecdsa-p384').publicKey.asymmetricKeyDetails).toMatchObject({ namedCurve: 'secp384r1' })
      await expectSettled()
    })

    it('proves 25 hosts in two zones with one change a zone', async () => {
      const hosts = Array.from({ length: 25 }, (_, at) => `h${at}.${at % 2 === 0 ? ZONE : OTHER_ZONE}`)
      await balancer('web', hosts)
      trial.configure([{ name: 'many', hosts, key_type: 'ecdsa', elb: { name: 'web' } }])
      const ran = await trial.run()
      expect(ran.outcomes).toEqual({ many: 'renewed' })
      expect(ran.events.filter(({ event }) => event === 'challenge.presented')).toHaveLength(2)
      const changes = trial.sandbox.aws.calls.filter(
        ({ action }) => action === 'route53:ChangeResourceRecordSets',
      )
      expect(changes, 'one change a zone to write, one to remove').toHaveLength(4)
      expect(served('web').subjectAltName?.split(', ')).toHaveLength(25)
    })

    it('issues one certificate for two load balancers', async () => {
      await balancer('blue', ['www.example.com'])
      await balancer('green', ['www.example.com'], 20)
      trial.configure([
        { hosts: ['www.example.com'], key_type: 'ecdsa', elb: { name: 'blue' } },
        { hosts: ['www.example.com'], key_type: 'ecdsa', elb: { name: 'green' } },
      ])
      const ran = await trial.run()
      expect(ran.outcomes).toEqual({ 'www.example.com': 'renewed' })
      expect(issuedCount(ran)).toBe(1)
      expect(served('blue').serialNumber).toBe(served('green').serialNumber)
      await expectSettled()
    })

    it('proves two certificates that share a challenge name in one change', async () => {
      await balancer('apex', [ZONE])
      await balancer('wild', [`*.${ZONE}`])
      trial.configure([
        { name: 'apex', hosts: [ZONE], key_type: 'ecdsa', elb: { name: 'apex' } },
        { name: 'wild', hosts: [`*.${ZONE}`], key_type: 'ecdsa', elb: { name: 'wild' } },
      ])
      const ran = await trial.run()
      expect(ran.outcomes).toEqual({ apex: 'renewed', wild: 'renewed' })
      expect(ran.events.filter(({ event }) => event === 'challenge.presented')).toHaveLength(1)
    })

    it("keeps others' values at a challenge name byte for byte, while they change in between", async () => {
      const { route53, aws } = trial.sandbox
      await balancer('web', ['www.example.com'])
      const name = '_acme-challenge.www.example.com'
      route53.put(zoneId, { name, type: 'TXT', ttl: 77, values: ['"foreign one"'] })
      let writes = 0
      aws.intercept(({ action }) => {
        // another writer comes just before our first, second and last change
        if (action === 'route53:ChangeResourceRecordSets' && [1, 2, 4].includes(++writes))
          addForeign(`"foreign ${writes} \\"q\\" \\344"`)
        return null
      })
      trial.configure([{ hosts: ['www.example.com'], key_type: 'ecdsa', elb: { name: 'web' } }])
      const ran = await trial.run()
      expect(ran.error).toBeNull()
      expect(writes).toBeGreaterThanOrEqual(5)
      const [left] = route53.records(zoneId).filter((set) => set.name === `${name}.`)
      expect(left).toMatchObject({ ttl: 77 })
      expect([...(left?.values ?? [])].sort()).toEqual(
        [
          '"foreign one"',
          '"foreign 1 \\"q\\" \\344"',
          '"foreign 2 \\"q\\" \\344"',
          '"foreign 4 \\"q\\" \\344"',
        ].sort(),
      )

      function addForeign(value: string): void {
        const there = route53.records(zoneId).find((set) => set.name === `${name}.`)
        route53.put(zoneId, { name, type: 'TXT', ttl: 77, values: [...(there?.values ?? []), value] })
      }
    })

    it('renews one certificate although another fails, reports both, and then fails', async () => {
      await balancer('good', ['www.example.com'])
      await balancer('bad', ['www.no-zone.test'])
      trial.configure([
        { hosts: ['www.no-zone.test'], key_type: 'ecdsa', elb: { name: 'bad' } },
        { hosts: ['www.example.com'], key_type: 'ecdsa', elb: { name: 'good' } },
      ])
      const before = attached('bad')
      const ran = await trial.run()
      expect(ran.error?.code).toBe('run/failed')
      expect(ran.outcomes).toEqual({ 'www.no-zone.test': 'failed', 'www.example.com': 'renewed' })
      expect(ran.codes).toEqual(['dns/zone-not-found'])
      expect(attached('bad')).toBe(before)
    })

    it('leaves a foreign certificate that covers the hosts and is not due', async () => {
      await balancer('web', [`*.${ZONE}`], 200)
      trial.configure([{ hosts: ['www.example.com'], elb: { name: 'web' } }])
      const before = trial.sandbox.snapshot()
      const ran = await trial.run()
      expect(ran.error).toBeNull()
      expect(ran.outcomes).toEqual({ 'www.example.com': 'settled' })
      expect(names(ran)).toEqual(['run.started', 'plan.made', 'run.finished'])
      expect(trial.sandbox.snapshot()).toEqual(before)
    })

    it('takes over at once a foreign certificate that is not due when told so', async () => {
      await balancer('web', ['www.example.com'], 200)
      trial.configure([
        { hosts: ['www.example.com'], key_type: 'ecdsa', elb: { name: 'web' }, take_over: 'now' },
      ])
      expect((await trial.run()).outcomes).toEqual({ 'www.example.com': 'renewed' })
      await expectSettled()
    })

    it('waits for a certificate that IAM spreads late', async () => {
      trial.sandbox.iam.spreadMs = MINUTE_MS
      await balancer('web', ['www.example.com'])
      trial.configure([{ hosts: ['www.example.com'], key_type: 'ecdsa', elb: { name: 'web' } }])
      const ran = await trial.run()
      expect(ran.outcomes).toEqual({ 'www.example.com': 'renewed' })
      expect(names(ran)).toContain('cert.spreading')
    })

    it('waits for a listener that serves late', async () => {
      await balancer('web', ['www.example.com'])
      trial.sandbox.listener('web', 443).delayMs = MINUTE_MS
      trial.configure([{ hosts: ['www.example.com'], key_type: 'ecdsa', elb: { name: 'web' } }])
      const ran = await trial.run()
      expect(ran.outcomes).toEqual({ 'www.example.com': 'renewed' })
      expect(names(ran)).toContain('cert.verifying')
      await expectSettled()
    })

    it('puts the previous certificate back when the listener breaks, and the next run leaves it alone', async () => {
      await balancer('web', ['www.example.com'])
      await balancer('fine', ['www.example.com'])
      const before = attached('web')
      const listener = trial.sandbox.listener('web', 443)
      listener.behaviour = ({ arn }) => (arn === before ? 'serve' : 'close')
      const targets = [{ elb: { name: 'web' } }, { elb: { name: 'fine' } }]
      trial.configure([{ hosts: ['www.example.com'], key_type: 'ecdsa', targets }])
      const ran = await trial.run()
      expect(ran.outcomes).toEqual({ 'www.example.com': 'rejected' })
      expect(ran.codes).toEqual(['verify/rejected'])
      expect(attached('web')).toBe(before)
      expect(attached('fine'), 'the other target keeps it').not.toBe(before)
      listener.behaviour = () => 'serve'
      const world = trial.sandbox.snapshot()
      const again = await trial.run()
      expect(again.outcomes, 'it stays a failure until it is fixed').toEqual({
        'www.example.com': 'rejected',
      })
      expect(again.error?.code).toBe('run/failed')
      expect(trial.sandbox.snapshot()).toEqual(world)
    })

    it('attaches what was stored and not attached, instead of issuing again', async () => {
      await balancer('web', ['www.example.com'])
      trial.configure([{ hosts: ['www.example.com'], key_type: 'ecdsa', elb: { name: 'web' } }])
      const attach = 'elasticloadbalancing:SetLoadBalancerListenerSSLCertificate'
      trial.sandbox.aws.allow(({ action }) => action !== attach)
      const first = await trial.run()
      expect(first.codes).toEqual(['aws/access-denied'])
      trial.sandbox.aws.allow(null)
      const second = await trial.run()
      expect(second.outcomes).toEqual({ 'www.example.com': 'attached' })
      expect(issuedCount(first, second)).toBe(1)
      await expectSettled()
    })

    it('issues once when forced, with the account it has', async () => {
      await balancer('web', ['www.example.com'], 200)
      trial.configure([{ hosts: ['www.example.com'], key_type: 'ecdsa', elb: { name: 'web' } }])
      const first = await trial.run({ force: true })
      const second = await trial.run({ force: true })
      expect(first.outcomes).toEqual({ 'www.example.com': 'renewed' })
      expect(second.outcomes).toEqual({ 'www.example.com': 'renewed' })
      expect(issuedCount(first, second)).toBe(2)
      expect(trial.sandbox.ssm.parameters.size).toBe(1)
      await expectSettled()
    })

    it('issues again when hosts or key type change, and says which', async () => {
      await balancer('web', ['www.example.com'])
      const entry = { name: 'web', hosts: ['www.example.com'], key_type: 'ecdsa', elb: { name: 'web' } }
      const reasons: string[] = []
      for (const change of [
        {},
        { hosts: ['api.example.com', 'www.example.com'] },
        { key_type: 'ecdsa-p384' },
      ]) {
        Object.assign(entry, change)
        trial.configure([entry])
        const ran = await trial.run()
        expect(ran.outcomes).toEqual({ web: 'renewed' })
        reasons.push(...ran.events.flatMap((event) => (event.event === 'cert.due' ? [event.reason] : [])))
      }
      expect(reasons).toEqual(['renewal-due', 'hosts-changed', 'key-type-changed'])
      await expectSettled()
    })

    it('changes nothing in a dry run, and shows the plan: its reasons, and what would be put back', async () => {
      await balancer('web', ['www.example.com'])
      const attached = trial.sandbox.elb.balancers.get('web')?.listeners[0]?.certificateArn
      trial.configure([{ hosts: ['www.example.com'], elb: { name: 'web' } }])
      const before = trial.sandbox.snapshot()
      const ran = await trial.run({ dryRun: true })
      expect(ran.error).toBeNull()
      const [plan] = ran.events.filter((event) => event.event === 'plan.made')
      expect(plan?.actions.map(({ kind, reason }) => `${kind} ${reason}`)).toEqual([
        'issue renewal-due',
        'attach renewal-due',
      ])
      expect(plan?.actions[1]).toMatchObject({ restore: attached, wasBroken: false })
      expect(trial.sandbox.snapshot()).toEqual(before)
      expect(trial.sandbox.ssm.parameters.size).toBe(0)
    })

    describe('when the CA wants a certificate replaced before its time', () => {
      beforeEach(async () => {
        await balancer('web', ['www.example.com'])
        trial.configure([
          { name: 'web', hosts: ['www.example.com'], key_type: 'ecdsa', elb: { name: 'web' } },
        ])
        expect((await trial.run()).outcomes).toEqual({ web: 'renewed' })
      })

      /** The CA's own clock counts, which a test CA may not share. */
      function advise(): Promise<void> {
        const at = (minutes: number) =>
          new Date(trial.sandbox.clock.now() + minutes * MINUTE_MS).toISOString()
        const suggestedWindow = { start: at(-20), end: at(-10) }
        const explanationURL = 'https://ca.example.com/incident'
        return trial.ca.advise(served('web').toString(), { suggestedWindow, explanationURL })
      }

      function dueIn(ran: Ran): string[] {
        return ran.events.flatMap((event) => (event.event === 'cert.due' ? [event.reason] : []))
      }

      it('replaces it once, and tells the CA which one', async () => {
        await advise()
        const ran = await trial.run()
        expect(ran).toMatchObject({ outcomes: { web: 'renewed' }, error: null })
        expect(dueIn(ran)).toEqual(['replace-early'])
        expect(names(ran)).not.toContain('replacement.refused')
        const again = await trial.run()
        expect(again.outcomes).toEqual({ web: 'settled' })
        expect(names(again)).toContain('renewal.advised')
      })

      it('orders without a word of it when the CA will not hear that', async () => {
        // another account than that of the predecessor, and nobody remembers
        for (const name of trial.sandbox.ssm.parameters.keys())
          if (name.includes('/account/')) trial.sandbox.ssm.parameters.delete(name)
        await trial.sandbox.dynamodb.deleteTable(TABLE)
        await trial.sandbox.dynamodb.addTable(TABLE)
        await advise()
        const ran = await trial.run()
        expect(ran).toMatchObject({ outcomes: { web: 'renewed' }, error: null })
        expect(names(ran)).toContain('replacement.refused')
      })
    })

    it('asks for the profile that is wanted, and goes by the lifetime of what comes', async () => {
      await balancer('web', ['www.example.com'])
      const entry = { name: 'web', hosts: ['www.example.com'], key_type: 'ecdsa', elb: { name: 'web' } }
      const lived: number[] = []
      for (const profile of ['classic', 'shortlived']) {
        trial.configure([{ ...entry, profile }])
        expect((await trial.run()).outcomes).toEqual({ web: 'renewed' })
        const { validFromDate, validToDate } = served('web')
        lived.push(Math.round((validToDate.getTime() - validFromDate.getTime()) / HOUR_MS))
      }
      expect(lived).toEqual([90 * 24, 160])
      await expectSettled()
    })
  })
}
