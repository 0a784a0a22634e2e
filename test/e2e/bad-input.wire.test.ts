/** Whatever is wrong gives one clear error with code and hint, and changes nothing in the world. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ERRORS, type ErrorCode } from '../../lambda/domain/errors.ts'
import { DAY_MS, MINUTE_MS } from '../../lambda/domain/instant.ts'
import { ServiceError } from '../sandbox/aws/service.ts'
import { Problem } from '../sandbox/ca/problem.ts'
import { type Ran, startTrial, type Trial } from '../support/trial.ts'

const HOST = 'www.example.com'
const ENTRY = { hosts: [HOST], key_type: 'ecdsa', elb: { name: 'web' } }

describe('what is wrong is told, and nothing is changed', () => {
  let trial: Trial

  beforeEach(async () => {
    trial = await startTrial(undefined, { settings: { awsAttempts: 2 } })
    const arn = await trial.sandbox.buy('bought', { hosts: [HOST], endsInMs: 9 * DAY_MS })
    await trial.sandbox.addLoadBalancer('web', 443, arn)
  })
  afterEach(() => trial.stop())

  /** Run once and see that it fails with this code alone, that the message holds `words`, and that AWS is as before. */
  async function expectRefusal(code: ErrorCode, words: RegExp): Promise<Ran> {
    const before = trial.sandbox.snapshot()
    const ran = await trial.run()
    expect(ran.codes).toEqual([code])
    const [event] = ran.events.filter((one) => one.event === 'cert.failed' || one.event === 'run.failed')
    expect(event?.error.message).toMatch(words)
    expect(event?.error.hint).toBe(ERRORS[code].hint)
    expect(ran.error?.code).toBe(event?.event === 'cert.failed' ? 'run/failed' : code)
    expect(trial.sandbox.snapshot()).toEqual(before)
    return ran
  }

  /** The account is made once, whatever comes of the order: for cases that get that far it is there before. */
  async function withZoneAndAccount(): Promise<string> {
    const zone = trial.sandbox.route53.addZone('example.com')
    const refuse = trial.sandbox.ca.options.refuse
    trial.sandbox.ca.options.refuse = (operation) =>
      operation === 'newOrder' ? new Problem('rejectedIdentifier', 'not now') : null
    trial.configure([ENTRY])
    await trial.run()
    trial.sandbox.ca.options.refuse = refuse
    // it comes later, so that it is not too early for the next try
    trial.sandbox.clock.advance(MINUTE_MS)
    expect(trial.sandbox.ssm.parameters.size).toBe(1)
    return zone
  }

  it('fails with elb/load-balancer-not-found for a name that does not exist, and lists those that do', async () => {
    trial.configure([{ ...ENTRY, elb: { name: 'wbe' } }])
    await expectRefusal('elb/load-balancer-not-found', /no classic load balancer is named wbe, found web/)
  })

  it('fails with elb/listener-not-found for a port that does not exist, and lists those that do', async () => {
    trial.configure([{ ...ENTRY, elb: { name: 'web', port: 8443 } }])
    await expectRefusal('elb/listener-not-found', /web has no listener on port 8443, found 443 \(HTTPS\)/)
  })

  it('fails with elb/listener-not-tls for a listener that is neither HTTPS nor SSL', async () => {
    trial.sandbox.addPlainLoadBalancer('plain', 80)
    trial.configure([{ ...ENTRY, elb: { name: 'plain', port: 80 } }])
    await expectRefusal('elb/listener-not-tls', /plain:80 is a listener for HTTP/)
  })

  it('fails with dns/zone-not-found where no zone covers the host, before anything is ordered', async () => {
    trial.sandbox.route53.addZone('ample.com')
    trial.configure([ENTRY])
    await expectRefusal(
      'dns/zone-not-found',
      /covers www\.example\.com, looked for www\.example\.com, example\.com$/,
    )
    expect(trial.sandbox.ca.requests.size).toBe(0)
  })

  it('fails with dns/zone-not-found where only a private zone covers the host, and says so', async () => {
    trial.sandbox.route53.addZone('example.com', { isPrivate: true })
    trial.configure([ENTRY])
    await expectRefusal('dns/zone-not-found', /example\.com \(Z\d+\) is private/)
  })

  it('fails with dns/zone-ambiguous where two public zones have one name, unless one is given by id', async () => {
    const first = trial.sandbox.route53.addZone('example.com')
    const second = trial.sandbox.route53.addZone('example.com')
    trial.configure([ENTRY])
    await expectRefusal('dns/zone-ambiguous', new RegExp(`${first} and ${second}`))
  })

  it('fails with dns/zone-not-found for a longer name that only ends alike', async () => {
    trial.sandbox.route53.addZone('w.example.com')
    trial.configure([ENTRY])
    await expectRefusal('dns/zone-not-found', /no public hosted zone covers/)
  })

  it('fails with acme/unreachable when nobody answers at the directory', async () => {
    trial.sandbox.route53.addZone('example.com')
    trial.configure({ certificates: [ENTRY], acme: { directory_url: 'https://127.0.0.1:9/directory' } })
    await expectRefusal(
      'acme/unreachable',
      /no answer to the directory https:\/\/127\.0\.0\.1:9\/directory.*ECONNREFUSED/,
    )
  })

  it("fails with acme/tls-untrusted when the directory's own certificate is of an unknown root", async () => {
    trial.sandbox.route53.addZone('example.com')
    const other = await trial.sandbox.buy('other', { hosts: [HOST], endsInMs: DAY_MS })
    const { body } = trial.sandbox.iam.all().find(({ arn }) => arn === other) ?? { body: '' }
    trial.configure({ certificates: [ENTRY], acme: { root_certificates: body } })
    await expectRefusal('acme/tls-untrusted', /UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED/)
  })

  it("fails with acme/refused and the CA's own words, subproblems included, when an order is refused", async () => {
    await withZoneAndAccount()
    trial.sandbox.ca.options.refuse = (operation) =>
      operation === 'newOrder'
        ? new Problem('rejectedIdentifier', 'Policy forbids it', 403, {
            subproblems: [
              {
                type: 'urn:ietf:params:acme:error:caa',
                detail: 'CAA says no',
                identifier: { type: 'dns', value: HOST },
              },
            ],
          })
        : null
    await expectRefusal(
      'acme/refused',
      /Policy forbids it; www\.example\.com: CAA says no \(rejectedIdentifier, HTTP 403\)/,
    )
  })

  it('fails with acme/rate-limited at once, with the time of the next try, when the CA asks to wait for hours', async () => {
    await withZoneAndAccount()
    trial.sandbox.ca.options.refuse = (operation) =>
      operation === 'newOrder'
        ? new Problem('rateLimited', 'too many certificates', 429, { retryAfter: '7200' })
        : null
    const ran = await expectRefusal('acme/rate-limited', /too many certificates.*not before 20.*Z \(in 2 h\)/)
    const finished = ran.events.find(({ event }) => event === 'run.finished')
    expect((finished as { durationMs: number }).durationMs).toBeLessThan(10 * MINUTE_MS)
  })

  it('fails with acme/account-refused when the CA takes no new account, and keeps no key', async () => {
    trial.sandbox.route53.addZone('example.com')
    trial.configure([ENTRY])
    trial.sandbox.ca.options.refuse = (operation) =>
      operation === 'newAccount' ? new Problem('invalidContact', 'a contact is required') : null
    await expectRefusal('acme/account-refused', /a contact is required/)
  })

  it('fails with acme/profile-not-offered before an account or an order is made', async () => {
    trial.sandbox.route53.addZone('example.com')
    trial.configure([{ ...ENTRY, profile: 'tlsclient' }])
    await expectRefusal('acme/profile-not-offered', /"tlsclient", it offers classic, tlsserver, shortlived/)
    expect([...trial.sandbox.ca.requests.keys()]).toEqual(['directory'])
  })

  it("fails with acme/authorization-failed and the CA's own words, and takes its values away", async () => {
    const zone = await withZoneAndAccount()
    // the zone at Route53 is not the one that the world sees: it never publishes what is written
    trial.sandbox.route53.addZone(HOST)
    trial.configure({ certificates: [ENTRY], dns: { zones: [{ name: 'example.com', id: zone }] } })
    await expectRefusal(
      'acme/authorization-failed',
      /validate www\.example\.com: No TXT record found at _acme-challenge/,
    )
  })

  it('fails with dns/record-unsupported beside a CNAME, and takes the other values away', async () => {
    const zone = await withZoneAndAccount()
    const name = '_acme-challenge.www.example.com'
    trial.sandbox.route53.put(zone, { name, type: 'CNAME', values: ['elsewhere.example.net.'] })
    await expectRefusal('dns/record-unsupported', /_acme-challenge\.www\.example\.com .* has a CNAME record/)
  })

  it.each([
    ['elasticloadbalancing:DescribeLoadBalancers'],
    ['iam:ListServerCertificates'],
    ['iam:GetAccountSummary'],
    ['route53:ListHostedZones'],
    ['route53:ChangeResourceRecordSets'],
    ['route53:GetChange'],
    ['ssm:GetParameter'],
    ['ssm:PutParameter'],
    ['iam:UploadServerCertificate'],
    ['elasticloadbalancing:SetLoadBalancerListenerSSLCertificate'],
  ])('fails with aws/access-denied and names %s when it is not allowed', async (action) => {
    await withZoneAndAccount()
    if (action === 'ssm:PutParameter') trial.sandbox.ssm.parameters.clear()
    trial.sandbox.aws.allow(({ action: asked }) => asked !== action)
    const before = trial.sandbox.snapshot()
    const ran = await trial.run()
    expect(ran.codes).toEqual(['aws/access-denied'])
    const [event] = ran.events.filter((one) => one.event === 'cert.failed' || one.event === 'run.failed')
    expect(event?.error.message).toMatch(new RegExp(`^${action} on .+ is denied: `))
    expect(event?.error.facts).toMatchObject({ action })
    // an upload that went well before the denied swap is kept for the next run, and so is the key of a denied upload
    if (!action.includes('SetLoadBalancer') && !action.includes('Upload'))
      expect(trial.sandbox.snapshot()).toEqual(before)
  })

  it('fails with aws/access-denied and names route53:ListResourceRecordSets when others have values there', async () => {
    const zone = await withZoneAndAccount()
    trial.sandbox.route53.put(zone, { name: `_acme-challenge.${HOST}`, type: 'TXT', values: ['"theirs"'] })
    trial.sandbox.aws.allow(({ action }) => action !== 'route53:ListResourceRecordSets')
    await expectRefusal('aws/access-denied', /route53:ListResourceRecordSets/)
  })

  it('fails with dns/zone-not-found for an id under dns.zones that does not exist', async () => {
    await withZoneAndAccount()
    trial.configure({ certificates: [ENTRY], dns: { zones: [{ name: 'example.com', id: 'Z0NOWHERE' }] } })
    await expectRefusal(
      'dns/zone-not-found',
      /no hosted zone has the id Z0NOWHERE, looked for it as example\.com/,
    )
  })

  it('knows a foreign certificate that may not be read by what is served', async () => {
    await withZoneAndAccount()
    trial.sandbox.aws.allow(({ action }) => action !== 'iam:GetServerCertificate')
    const ran = await trial.run()
    expect(ran).toMatchObject({ codes: [], outcomes: { [HOST]: 'renewed' } })
    const told = ran.events.filter(({ event }) => event === 'store.unread')
    expect(told).toMatchObject([{ level: 'warn', error: { code: 'aws/access-denied' } }])
  })

  it('fails with aws/access-denied for a foreign certificate that may not be read and is not served', async () => {
    await withZoneAndAccount()
    trial.sandbox.aws.allow(({ action }) => action !== 'iam:GetServerCertificate')
    trial.sandbox.listener('web', 443).behaviour = () => 'close'
    const before = trial.sandbox.snapshot()
    const ran = await trial.run()
    expect(ran).toMatchObject({ codes: ['aws/access-denied'], outcomes: { [HOST]: 'failed' } })
    const plan = ran.events.find((event) => event.event === 'plan.made')
    expect(plan?.statuses[0]?.detail).toMatch(/cannot be read: iam:GetServerCertificate on bought is denied/)
    expect(trial.sandbox.snapshot()).toEqual(before)
  })

  it('fails with store/quota-full before an order when there is no room', async () => {
    await withZoneAndAccount()
    trial.sandbox.iam.limit = 1
    const orders = trial.sandbox.ca.requests.get('new-order')
    await expectRefusal('store/quota-full', /1 of 1 are used/)
    expect(trial.sandbox.ca.requests.get('new-order')).toBe(orders)
  })

  it('fails with aws/throttled when a service goes on throttling', async () => {
    trial.configure([ENTRY])
    trial.sandbox.aws.intercept(({ action }) =>
      action === 'iam:ListServerCertificates' ? new ServiceError('Throttling', 'Rate exceeded') : null,
    )
    await expectRefusal('aws/throttled', /iam:ListServerCertificates on .* was throttled too often/)
  })

  it('fails with account/unreadable for a parameter that holds no key, and does not overwrite it', async () => {
    await withZoneAndAccount()
    const [name = ''] = trial.sandbox.ssm.parameters.keys()
    trial.sandbox.ssm.parameters.set(name, {
      type: 'SecureString',
      value: '{"version":1,"key":"x"}',
      version: 2,
    })
    await expectRefusal('account/unreadable', /holds no account key/)
  })

  it.each([
    ['config/syntax', '[\n  { "hosts": ["a.example.com"],, }\n]', /line 2, column 32/],
    ['config/syntax', '', /the configuration is empty/],
    [
      'config/syntax',
      '[{"hosts":["a.example.com"],"hosts":["b.example.com"]}]',
      /the key "hosts" occurs twice in one object/,
    ],
    ['config/unreadable', null, /the configuration beside the function cannot be read: ENOENT/],
    ['config/invalid', '{"certificates":[]}', /certificates: found \[\], expected at least one element/],
    [
      'config/invalid',
      '[{"hosts":"www.example.com","elb":{"name":"web"}}]',
      /hosts: found "www.example.com", expected a list/,
    ],
    [
      'config/invalid',
      '[{"hosts":["www.example.com"],"elb":{"name":"web"},"key":1}]',
      /key: found an unknown key, expected/,
    ],
    [
      'config/invalid',
      '[{"name":"a","hosts":["www.example.com"],"elb":{"name":"web"}},{"name":"a","hosts":["b.example.com"],"elb":{"name":"b"}}]',
      /name: found "a", expected another name/,
    ],
    [
      'config/invalid',
      '[{"name":"a","hosts":["www.example.com"],"elb":{"name":"web"}},{"name":"b","hosts":["b.example.com"],"elb":{"name":"web"}}]',
      /listener web:443, which \[0\] has too/,
    ],
  ] as const)('fails with %s for a configuration that is %j', async (code, text, words) => {
    trial.configureText(text)
    await expectRefusal(code, words)
    expect(trial.sandbox.aws.calls).toEqual([])
  })

  it('fails with invocation/invalid for a mistyped invocation, and touches nothing', async () => {
    trial.configure([ENTRY])
    const ran = await trial.run({ dryrun: true })
    expect(ran.codes).toEqual(['invocation/invalid'])
    expect(trial.sandbox.aws.calls).toEqual([])
  })

  it('fails with config/invalid for an interval that is no number, and touches nothing', async () => {
    trial.configure([ENTRY])
    const ran = await trial.run({}, Number.NaN)
    expect(ran.codes).toEqual(['config/invalid'])
    expect(ran.error?.message).toContain('ELB_CERT_ROTATOR_INTERVAL_MS is "NaN", expected milliseconds')
    expect(trial.sandbox.aws.calls).toEqual([])
  })

  it('fails with invocation/unknown-name for a name that no entry has, and proposes the nearest', async () => {
    trial.configure([ENTRY])
    const ran = await trial.run({ only: ['www.exampel.com'] })
    expect(ran.codes).toEqual(['invocation/unknown-name'])
    expect(ran.error?.message).toMatch(/did you mean "www\.example\.com"/)
    expect(trial.sandbox.aws.calls).toEqual([])
  })
})
