import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseConfig, toDocument } from '../../../lambda/config/parse.ts'
import { limitsOf } from '../../../lambda/domain/ca-limits.ts'
import type { Config } from '../../../lambda/domain/config.ts'
import { DEFAULTS } from '../../../lambda/domain/defaults.ts'
import { RotationError } from '../../../lambda/domain/rotation-error.ts'
import { classicListener } from '../../../lambda/domain/targets.ts'

const STAGING = 'https://acme-staging-v02.api.letsencrypt.org/directory'
const ELB = { name: 'web' }
const ENTRY = { hosts: ['www.example.com'], elb: ELB }

function parse(document: unknown) {
  return parseConfig(JSON.stringify(document))
}

/** Every problem line of a configuration that must be refused. */
function problems(document: unknown): readonly string[] {
  const error = errorOf(() => parse(document))
  expect(error.code).toBe('config/invalid')
  return error.facts['problems'] as string[]
}

function errorOf(work: () => unknown): RotationError {
  try {
    work()
  } catch (error) {
    if (error instanceof RotationError) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

describe('a configuration', () => {
  it('may be the list of the earlier tool, unchanged, with the port as a string', () => {
    const old = `[ { "elb": { "name": "TestExtLB", "port": "443" },
                    "hosts": ["www.example.com", "example.com"],
                    "key_type": "rsa" } ]`
    expect(parseConfig(old)).toEqual({
      warnings: [],
      config: {
        directoryUrl: DEFAULTS.directoryUrl,
        contact: [],
        rootCertificates: null,
        isStaging: false,
        externalAccount: null,
        limits: limitsOf(DEFAULTS.directoryUrl, {}),
        zones: [],
        certificates: [
          {
            id: 'www.example.com',
            hosts: ['www.example.com', 'example.com'],
            keyType: 'rsa',
            profile: null,
            directoryUrl: DEFAULTS.directoryUrl,
            isStaging: false,
            takeOver: 'when_due',
            allowStaging: false,
            targets: [classicListener('TestExtLB', 443)],
          },
        ],
      },
    })
  })

  it('may be an object with all it knows', () => {
    const { config } = parse({
      $schema: 'https://example.com/config.schema.json',
      acme: {
        directory_url: 'https://ca.example.com/dir',
        contact: ['mailto:ops@example.com'],
        profile: 'classic',
        root_certificates: 'private-ca.pem',
        staging: true,
        external_account: { key_id: 'kid-1', hmac_key_parameter: '/acme/hmac-key' },
        limits: { registered_domain_a_week: 900, renewals_are_free: true },
      },
      dns: { zones: [{ name: 'Example.com.', id: '/hostedzone/Z0123456789' }] },
      certificates: [
        {
          name: 'shop',
          hosts: ['shop.example.com'],
          key_type: 'ecdsa',
          profile: 'tlsserver',
          targets: [{ elb: { name: 'a' } }, { elb: { name: 'b', port: 8443 } }],
          take_over: 'now',
          allow_staging: true,
        },
      ],
    })
    expect(config).toMatchObject({
      directoryUrl: 'https://ca.example.com/dir',
      contact: ['mailto:ops@example.com'],
      rootCertificates: 'private-ca.pem',
      isStaging: true,
      externalAccount: { keyId: 'kid-1', parameter: '/acme/hmac-key' },
      limits: {
        sameHosts: { most: 5 },
        registeredDomain: { most: 900 },
        orders: null,
        areRenewalsFree: true,
      },
      zones: [{ name: 'example.com', id: 'Z0123456789' }],
      certificates: [
        {
          id: 'shop',
          profile: 'tlsserver',
          takeOver: 'now',
          isStaging: true,
          allowStaging: true,
          targets: [{ port: 443 }, { port: 8443 }],
        },
      ],
    })
  })

  it('lower-cases hosts, converts IDNs, drops duplicates, and names the entry as written', () => {
    const { config } = parse([
      { hosts: ['Bücher.Example', 'xn--bcher-kva.example', 'WWW.example'], elb: ELB },
    ])
    expect(config.certificates[0]).toMatchObject({
      id: 'Bücher.Example',
      hosts: ['xn--bcher-kva.example', 'www.example'],
    })
  })

  it('joins entries without name that want the same certificate, in any order of hosts', () => {
    const { config } = parse([
      { hosts: ['a.example.com', 'b.example.com'], elb: { name: 'one' } },
      { hosts: ['a.example.com', 'b.example.com'], elb: { name: 'two', port: 8443 } },
    ])
    expect(config.certificates).toHaveLength(1)
    expect(config.certificates[0]?.targets.map(({ key }) => key)).toEqual(['one:443', 'two:8443'])
  })

  it.each([
    {},
    { staging: true, external_account: { key_id: 'kid', hmac_key_parameter: '/a/b' } },
    { limits: { same_hosts_a_week: 1, orders_in_three_hours: 2, renewals_are_free: true } },
    { directory_url: STAGING },
    { directory_url: STAGING, staging: false, limits: { registered_domain_a_week: 7 } },
  ])('is the same after it was packed with the function: %j', (more) => {
    const { config } = parse({
      acme: { profile: 'classic', contact: ['mailto:ops@example.com'], root_certificates: 'PEM', ...more },
      dns: { zones: [{ name: 'example.com', id: 'Z1' }] },
      certificates: [
        { hosts: ['Bücher.example'], key_type: 'ecdsa', elb: ELB, take_over: 'now', allow_staging: true },
      ],
    })
    expect(parse(toDocument(config)).config).toEqual(config)
  })

  it('knows the staging CAs that are known, whatever it says, and believes it of others', () => {
    const isStaging = (acme: object) => parse({ acme, certificates: [ENTRY] }).config.isStaging
    expect(isStaging({})).toBe(false)
    expect(isStaging({ directory_url: STAGING })).toBe(true)
    expect(isStaging({ directory_url: STAGING, staging: false })).toBe(true)
    expect(isStaging({ directory_url: STAGING.replace('.org/', '.org./') })).toBe(true)
    expect(isStaging({ directory_url: 'https://dv.acme-v02.test-api.pki.goog/directory' })).toBe(true)
    expect(isStaging({ directory_url: 'https://staging.ca.example.com/dir' })).toBe(false)
    expect(isStaging({ directory_url: 'https://ca.example.com/dir', staging: true })).toBe(true)
  })

  it('is refused with a line for each of these of the CA', () => {
    const acme = {
      staging: 'yes',
      external_account: { key_id: '', hmac_key_parameter: 'no slash' },
      limits: { same_hosts_a_week: 0, a_day: 1 },
    }
    expect(problems({ acme, certificates: [ENTRY] })).toEqual([
      'acme.staging: found "yes", expected true or false',
      'acme.external_account.key_id: found "", expected at least one character',
      'acme.external_account.hmac_key_parameter: found "no slash", expected the name of an SSM parameter, as in /acme/hmac-key',
      'acme.limits.same_hosts_a_week: found 0, expected at least 1',
      'acme.limits.a_day: found an unknown key, expected one of same_hosts_a_week, registered_domain_a_week, orders_in_three_hours, renewals_are_free',
    ])
  })

  it('joins them in any order and case of hosts, and names the certificate as the first does', () => {
    const { config, warnings } = parse([
      { hosts: ['a.example.com', 'b.example.com'], elb: { name: 'one' } },
      { hosts: ['B.example.com', 'a.example.com'], elb: { name: 'two' } },
    ])
    expect(config.certificates.map(({ id, targets }) => `${id} ${targets.length}`)).toEqual([
      'a.example.com 2',
    ])
    expect(warnings).toEqual([])
  })

  it('may begin with a byte order mark', () => {
    expect(parseConfig(`\uFEFF${JSON.stringify([ENTRY])}`).config.certificates).toHaveLength(1)
  })

  it('warns of equal hosts under two names', () => {
    const { warnings } = parse([
      { ...ENTRY, name: 'one' },
      { ...ENTRY, name: 'two', elb: { name: 'other' } },
    ])
    expect(warnings).toEqual([
      'two has the same hosts as one: a CA counts them as duplicates, and allows few a week',
    ])
  })
})

describe('a configuration is refused', () => {
  it.each([
    ['', 'the configuration is empty, line 1, column 1'],
    ['  \n', 'the configuration is empty, line 2, column 1'],
    ['{\n  "certificates": [\n    { "hosts": ["a.example.com" }\n  ]\n}', 'line 3, column 33'],
    ['[ { "hosts": ["a.example.com"], "elb": { "name": "x" } }, ]', 'line 1, column 59'],
    ['[] []', 'line 1, column 4'],
    [
      '{"certificates": [],\n "certificates": []}',
      'the key "certificates" occurs twice in one object, line 2, column 2',
    ],
    ['// no comments\n[]', 'line 1, column 1'],
  ])('with line and column when it is not valid JSON: %j', (text, words) => {
    const error = errorOf(() => parseConfig(text))
    expect(error.code).toBe('config/syntax')
    expect(error.message).toContain(words)
  })

  it('with every problem at once', () => {
    const found = problems({
      acme: { directory_url: 'http://ca.example.com', contact: ['ops@example.com'] },
      dns: { zones: [{ name: 'example.com', id: 'example' }] },
      certificates: [
        { hosts: [], key_typ: 'rsa', elb: { name: 'under_score', port: 0 } },
        7,
        { hosts: ['a_b.example.com'], elb: ELB },
      ],
    })
    expect(found).toEqual([
      'acme.directory_url: found "http://ca.example.com", expected an https:// URL',
      'acme.contact[0]: found "ops@example.com", expected an address as in mailto:ops@example.com',
      'dns.zones[0].id: found "example", expected the id of a hosted zone, as in Z0123456789ABCDEFGHIJ',
      'certificates[0].hosts: found [], expected at least one element',
      'certificates[0].elb.name: found "under_score", expected the name of a load balancer: up to 32 letters, digits and hyphens',
      'certificates[0].elb.port: found 0, expected at least 1',
      'certificates[0].key_typ: found an unknown key, expected key_type (did you mean that?)',
      'certificates[1]: found 7, expected an object',
      'certificates[2].hosts[0]: found "a_b.example.com", expected labels of letters, digits and inner hyphens, none of them empty',
    ])
  })

  it.each<[string, unknown, string]>([
    ['neither a list nor an object', 7, 'the file: found 7, expected a list of certificates, or an object'],
    ['an empty list', [], 'the file: found [], expected at least one element'],
    ['no certificates', {}, 'certificates: found nothing, expected a list'],
    [
      'a mistyped top-level key',
      { certificate: [ENTRY], certificates: [ENTRY] },
      'certificate: found an unknown key, expected certificates (did you mean that?)',
    ],
    [
      'a mistyped key type',
      [{ ...ENTRY, key_type: 'ecdsa-384' }],
      '[0].key_type: found "ecdsa-384", expected ecdsa-p384 (did you mean that?)',
    ],
    [
      'an unknown key type',
      [{ ...ENTRY, key_type: 'dsa1024' }],
      '[0].key_type: found "dsa1024", expected one of rsa, rsa-3072, rsa-4096, ecdsa, ecdsa-p384',
    ],
    [
      'hosts that are no list',
      [{ ...ENTRY, hosts: 'www.example.com' }],
      '[0].hosts: found "www.example.com", expected a list',
    ],
    [
      'a port beyond 65535 as a string',
      [{ ...ENTRY, elb: { name: 'web', port: '70000' } }],
      '[0].elb: found port 70000, expected a port from 1 to 65535',
    ],
    [
      'a port that is not a number',
      [{ ...ENTRY, elb: { name: 'web', port: 'https' } }],
      '[0].elb.port: found "https", expected a port from 1 to 65535, as a number or a string',
    ],
    [
      'no target',
      [{ hosts: ['www.example.com'] }],
      '[0]: found neither elb nor targets, expected one of them',
    ],
    [
      'two kinds of target',
      [{ ...ENTRY, targets: [{ elb: ELB }] }],
      '[0]: found both elb and targets, expected one of them',
    ],
    [
      'a listener in two entries',
      [ENTRY, { hosts: ['other.example.com'], elb: ELB }],
      '[1]: found listener web:443, which [0] has too, expected each listener in one entry only',
    ],
    [
      'a listener twice in one entry',
      [{ hosts: ['www.example.com'], targets: [{ elb: ELB }, { elb: { name: 'web', port: '443' } }] }],
      '[0]: found listener web:443, which [0] has too, expected each listener in one entry only',
    ],
    [
      'two equal names',
      [
        { ...ENTRY, name: 'a' },
        { ...ENTRY, name: 'a', elb: { name: 'b' } },
      ],
      '[1].name: found "a", expected another name, for example "a-rsa"',
    ],
    [
      'a second certificate for the same first host without name',
      [ENTRY, { ...ENTRY, key_type: 'ecdsa', elb: { name: 'b' } }],
      '[1].name: found no name, and "www.example.com" is taken by [0], expected another name, for example "www.example.com-ecdsa"',
    ],
    [
      'a host under its own wildcard',
      [{ ...ENTRY, hosts: ['*.example.com', 'www.example.com'] }],
      '[0].hosts: found both www.example.com and *.example.com, expected *.example.com alone, which covers www.example.com already',
    ],
    [
      'more hosts than the profile holds',
      [
        {
          ...ENTRY,
          profile: 'tlsserver',
          hosts: Array.from({ length: 26 }, (_, at) => `h${at}.example.com`),
        },
      ],
      '[0].hosts: found 26 hosts, expected at most 25, the most that profile tlsserver allows',
    ],
    [
      'a zone twice',
      {
        certificates: [ENTRY],
        dns: {
          zones: [
            { name: 'example.com', id: 'Z1' },
            { name: 'EXAMPLE.com.', id: 'Z2' },
          ],
        },
      },
      'dns.zones[1].name: found example.com for the second time, expected each zone once',
    ],
    [
      'a name with a line break',
      [{ ...ENTRY, name: 'a\nb' }],
      '[0].name: found "a\\nb", expected a name without control characters',
    ],
    [
      'what is not built yet',
      [{ hosts: ['www.example.com'], alb: ELB }],
      '[0].alb: found an unknown key, expected elb (did you mean that?)',
    ],
  ])('with %s', (_, document, line) => {
    expect(problems(document)).toContain(line)
  })
})

describe('the packed configuration', () => {
  const label = fc.stringMatching(/^[a-z][a-z0-9]{0,20}$/)
  const host = fc
    .tuple(fc.boolean(), fc.array(label, { minLength: 1, maxLength: 8 }))
    .map(([wildcard, labels]) => `${wildcard ? '*.' : ''}${labels.join('.')}.example.com`)
  const entry = fc.record(
    {
      hosts: fc.uniqueArray(host, { minLength: 1, maxLength: 5 }),
      key_type: fc.constantFrom('rsa', 'rsa-4096', 'ecdsa'),
      profile: fc.constantFrom('classic', 'tlsserver', 'private'),
      take_over: fc.constantFrom('when_due', 'now'),
      port: fc.constantFrom('443', 8443),
    },
    { requiredKeys: ['hosts'] },
  )

  it('is read to the same again by the function, whatever was written', () => {
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 5 }), (entries) => {
        const certificates = entries.map(({ port, ...one }, at) => ({
          ...one,
          ...(at % 2 === 0 ? { name: `certificate ${at}` } : {}),
          elb: { name: `web-${at}`, ...(port === undefined ? {} : { port }) },
        }))
        const dns = { zones: [{ name: 'example.com.', id: '/hostedzone/Z0123' }] }
        let config: Config
        try {
          config = parseConfig(JSON.stringify({ dns, certificates })).config
        } catch {
          // two without a name that clash, or a host under its own wildcard: refused anyway
          return
        }
        expect(parseConfig(JSON.stringify(toDocument(config))).config).toEqual(config)
      }),
    )
  })

  it('is read again also where the first host, which is the name, is as long as a host may be', () => {
    const host = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.example.com`
    const { config } = parseConfig(JSON.stringify([{ hosts: [host], elb: { name: 'web' } }]))
    expect(parseConfig(JSON.stringify(toDocument(config))).config).toEqual(config)
  })
})
