/** What synth refuses: every problem at once, in the words of the user, and nothing is made. */
import { execFile } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { App, CfnParameter, Duration, Lazy, NestedStack, Stack, Stage, TimeZone } from 'aws-cdk-lib'
import { ScheduleExpression } from 'aws-cdk-lib/aws-scheduler'
import { Topic } from 'aws-cdk-lib/aws-sns'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RotationError } from '../../lambda/domain/rotation-error.ts'
import { CertificateRotation, type CertificateRotationProps } from '../../lib/index.ts'

const CONFIG = [{ name: 'shop', hosts: ['www.example.com'], elb: { name: 'web' } }]

function refusal(make: () => unknown): Pick<RotationError, 'code' | 'message'> {
  try {
    make()
  } catch (error) {
    return error as RotationError
  }
  throw new Error('nothing was refused')
}

function refused(props: Partial<CertificateRotationProps>, stack = new Stack(new App(), 'shop')) {
  return refusal(() => new CertificateRotation(stack, 'Rotation', { config: CONFIG, ...props }))
}

describe('props', () => {
  it('are refused together, each with what was found and what is expected', () => {
    const stack = new Stack(new App(), 'shop')
    const { code, message } = refused(
      {
        deployment: 'a/b',
        memorySize: 128,
        timeout: Duration.minutes(20),
        reservedConcurrency: 0,
        alarmTopic: new Topic(stack, 'Topic'),
        alarmEmails: ['ops'],
      },
      stack,
    )
    expect(code).toBe('synth/invalid-prop')
    expect(message.split('\n')).toEqual([
      'the props have 6 problems:',
      '  deployment: found "a/b", expected letters, digits, hyphens and underscores, at most 128',
      '  alarmEmails: found both alarmEmails and alarmTopic, expected one of them',
      '  alarmEmails: found "ops", expected an e-mail address',
      '  memorySize: found 128, expected a whole number of MiB from 256 to 10240',
      '  reservedConcurrency: found 0, expected a whole number of runs from 1 to 1000',
      '  timeout: found 1200, expected a whole number of seconds from 600 to 900',
    ])
  })

  it('are refused where they are tokens that synth has to know, by name', () => {
    const stack = new Stack(new App(), 'shop')
    const token = new CfnParameter(stack, 'Parameter').valueAsString
    const number = new CfnParameter(stack, 'Number', { type: 'Number' }).valueAsNumber
    const { message } = refused(
      {
        config: token,
        deployment: token,
        schedule: ScheduleExpression.expression(token),
        alarmEmails: [`ops@${token}`],
        memorySize: number,
        reservedConcurrency: number,
        timeout: Duration.seconds(Lazy.number({ produce: () => 900 })),
      },
      stack,
    )
    const found = message.split('\n').slice(1)
    expect(found.map((line) => line.trim().split(':')[0])).toEqual([
      'config',
      'deployment',
      'schedule',
      'alarmEmails',
      'memorySize',
      'reservedConcurrency',
      'timeout',
    ])
    for (const line of found) expect(line).toMatch(/found a token/)
    expect(message).not.toContain('Token[')
  })

  it('are refused where the time zone of the schedule is a token', () => {
    const stack = new Stack(new App(), 'shop')
    const schedule = ScheduleExpression.cron({ hour: '3', minute: '0', timeZone: TimeZone.of(stack.region) })
    expect(refused({ schedule }, stack).message).toMatch(/schedule: found a token, expected/)
  })

  it('are refused together with what is wrong in the configuration', () => {
    const { code, message } = refused({ memorySize: 1, config: [{ hosts: ['a b'], elb: {} }] as object })
    expect(code).toBe('synth/invalid-prop')
    expect(message.split('\n').map((line) => line.trim().split(':')[0])).toEqual([
      'the props have 2 problems',
      'memorySize',
      'config',
      '[0].elb.name',
    ])
  })

  it('are refused together with a schedule that does not fit the configuration', () => {
    const schedule = ScheduleExpression.rate(Duration.days(5))
    expect(refused({ memorySize: 1, schedule }).message).toMatch(
      /memorySize: .*\n {2}schedule: found rate\(5 days\)/,
    )
  })

  it.each<[string, object, RegExp]>([
    [
      'text as the schedule',
      { schedule: 'rate(1 day)' },
      /schedule: found "rate\(1 day\)", expected a ScheduleExpr/,
    ],
    [
      'text as the list of addresses',
      { alarmEmails: 'a@example.com' },
      /alarmEmails: found "a@example.com", expected a list/,
    ],
    ['no address', { alarmEmails: [] }, /alarmEmails: found \[\], expected a list of at least one/],
    ['an address twice', { alarmEmails: ['a@example.com', 'a@example.com'] }, /"a@example.com" twice/],
    ['a number as the timeout', { timeout: 900 }, /timeout: found 900, expected a Duration/],
    [
      'text as the topic',
      { alarmTopic: 'arn:aws:sns:x' },
      /alarmTopic: found "arn:aws:sns:x", expected an ITopic/,
    ],
    ['nothing as the schedule', { schedule: null }, /schedule: found null, expected a ScheduleExpression/],
    ['text as the dashboard', { dashboard: 'false' }, /dashboard: found "false", expected true or false/],
    [
      'days that no retention has',
      { logRetention: 17 },
      /logRetention: found 17, expected a value of RetentionDays/,
    ],
    [
      'a misspelt prop',
      { alarmEmail: 'a@example.com' },
      /alarmEmail: found an unknown prop, expected alarmEmails/,
    ],
    ['a number as the deployment', { deployment: 7 }, /deployment: found 7, expected letters/],
  ])('are refused in an app without types: %s', (_, props, words) => {
    expect(refused(props).message).toMatch(words)
  })

  it('are refused where there are none', () => {
    const stack = new Stack(new App(), 'shop')
    expect(refusal(() => new CertificateRotation(stack, 'Rotation', undefined as never)).message).toMatch(
      /config: found undefined, expected a path/,
    )
  })

  it('are refused with the schedule also where the configuration is wrong', () => {
    const schedule = ScheduleExpression.rate(Duration.days(7))
    const { message } = refused({ schedule, config: [{ hosts: [], elb: {} }] as object })
    expect(message).toMatch(/schedule: found rate\(7 days\)/)
    expect(message).toMatch(/\[0\]\.hosts/)
  })

  it('are refused where the list of addresses is a token, or a key of the configuration', () => {
    const stack = new Stack(new App(), 'shop')
    const parameter = new CfnParameter(stack, 'List', { type: 'CommaDelimitedList' })
    const { message } = refused({ alarmEmails: parameter.valueAsList }, stack)
    expect(message).toMatch(/alarmEmails: found a token.*, expected addresses that are known/)
    const other = new Stack(new App(), 'other')
    const config = [{ [new CfnParameter(other, 'Key').valueAsString]: 1, hosts: ['a.example.com'] }]
    expect(refused({ config }, other).message).toMatch(/\[0\], as a key: found a token/)
    expect(message).not.toContain('Token[')
  })

  it('are refused where the configuration is not valid JSON', () => {
    const config: { self?: object } = {}
    config.self = config
    expect(refused({ config }).message).toMatch(
      /config: found a value that is not valid JSON, expected a path/,
    )
  })

  it('are refused where the topic is in another region than the alarms', () => {
    const app = new App()
    const stack = new Stack(app, 'shop', { env: { account: '111122223333', region: 'eu-central-1' } })
    const alarmTopic = Topic.fromTopicArn(stack, 'Topic', 'arn:aws:sns:us-east-1:111122223333:ops')
    expect(refused({ alarmTopic }, stack).message).toMatch(
      /alarmTopic: found a topic in us-east-1, expected a topic in eu-central-1/,
    )
  })

  it('are refused where the default of the deployment would be a token: in a nested stack', () => {
    const nested = new NestedStack(new Stack(new App(), 'shop'), 'Nested')
    expect(refused({}, nested).message).toMatch(/deployment: found a token.*for example "shop"/)
  })

  it.each([undefined, null, 7, ''])('are refused where the configuration is %s', (config) => {
    expect(refused({ config: config as never }).code).toMatch(/^(synth\/invalid-prop|config\/unreadable)$/)
  })

  it('are refused where the schedule is too slow, with what is allowed', () => {
    expect(refused({ schedule: ScheduleExpression.rate(Duration.days(5)) }).message).toBe(
      'the props have 1 problem:\n  schedule: found rate(5 days), which leaves up to 5 days between runs, expected at most 4 days, because the alarm for missing runs cannot look back further',
    )
  })
})

describe('the configuration', () => {
  it('is refused with every problem at once, each with its path', () => {
    const { code, message } = refused({
      config: [
        { hosts: ['www.example.com'], key_typ: 'rsa', elb: { name: 'web' } },
        { hosts: ['not a host'], elb: { name: 'web' } },
      ],
    })
    expect(code).toBe('config/invalid')
    expect(message).toMatch(/^the configuration has 2 problems:/)
    expect(message).toMatch(/\[0\]\.key_typ.*key_type/)
    expect(message).toMatch(/\[1\]\.hosts\[0\].*not a host/)
  })

  it('is refused where it holds tokens, each by its path', () => {
    const stack = new Stack(new App(), 'shop')
    const token = new CfnParameter(stack, 'Parameter').valueAsString
    const config = {
      dns: { zones: [{ name: 'example.com', id: token }] },
      certificates: [{ hosts: ['www.example.com', `api.${token}`], elb: { name: token } }],
    }
    expect(refused({ config }, stack).message.split('\n').slice(1)).toEqual([
      '  dns.zones[0].id: found a token, expected a plain value',
      '  certificates[0].hosts[1]: found a token, expected a plain value',
      '  certificates[0].elb.name: found a token, expected a plain value',
    ])
  })

  it('is refused where its private roots are no certificates', () => {
    const acme = {
      directory_url: 'https://ca.example.com/directory',
      root_certificates: '-----BEGIN nothing',
    }
    expect(refused({ config: { acme, certificates: CONFIG } })).toMatchObject({
      code: 'config/invalid',
      message: 'acme.root_certificates: found no PEM certificate in acme.root_certificates',
    })
  })

  it('is refused where its names are more than one role may be given, with the numbers', () => {
    const config = Array.from({ length: 20 }, (_, part) => ({
      name: `${part}`,
      hosts: Array.from({ length: 100 }, (_, at) => `a-host-with-a-name-${part}-${at}.example.com`),
      elb: { name: `web-${part}` },
    }))
    expect(refused({ config })).toMatchObject({
      code: 'synth/too-many-names',
      message: expect.stringMatching(
        /2000 challenge names and 20 load balancers need \d\d managed policies of 6144 char/,
      ),
    })
  })
})

describe('two deployments of one name', () => {
  const pair = (one: Stack, other: Stack) => {
    new CertificateRotation(one, 'One', { config: CONFIG, deployment: 'shop' })
    return () => new CertificateRotation(other, 'Other', { config: CONFIG, deployment: 'shop' })
  }

  it('are refused in one stack, and named', () => {
    const stack = new Stack(new App(), 'stack')
    expect(refusal(pair(stack, stack))).toMatchObject({
      code: 'synth/duplicate-deployment',
      message: 'the deployment "shop" exists twice: stack/One and stack/Other',
    })
  })

  it('are refused where two stacks may meet in one account and region', () => {
    const app = new App()
    const known = new Stack(app, 'known', { env: { account: '111122223333', region: 'eu-west-1' } })
    expect(refusal(pair(known, new Stack(app, 'anywhere'))).code).toBe('synth/duplicate-deployment')
  })

  it('are fine in two stages, which mostly go to two accounts', () => {
    const app = new App()
    const of = (name: string) => new Stack(new Stage(app, name), 'stack')
    expect(pair(of('beta'), of('prod'))).not.toThrow()
  })

  it('are refused in two stages of one account and region', () => {
    const app = new App()
    const env = { account: '111122223333', region: 'eu-west-1' }
    const of = (name: string) => new Stack(new Stage(app, name, { env }), 'stack')
    expect(refusal(pair(of('beta'), of('prod'))).code).toBe('synth/duplicate-deployment')
  })

  it('are fine in two accounts', () => {
    const app = new App()
    const of = (account: string) => new Stack(app, `in-${account}`, { env: { account, region: 'eu-west-1' } })
    expect(pair(of('111122223333'), of('444455556666'))).not.toThrow()
  })

  it('are fine in two regions', () => {
    const app = new App()
    const of = (region: string) => new Stack(app, region, { env: { account: '111122223333', region } })
    expect(pair(of('eu-west-1'), of('us-east-1'))).not.toThrow()
  })
})

describe('the app', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'elb-cert-rotator-app-'))
    writeFileSync(join(folder, 'good.json'), JSON.stringify(CONFIG))
    writeFileSync(join(folder, 'bad.json'), JSON.stringify([{ hosts: ['a b'], elb: { nam: 'web' } }]))
    writeFileSync(join(folder, 'syntax.json'), '[\n  { "hosts": }\n]')
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  const APP = fileURLToPath(new URL('../../bin/app.ts', import.meta.url))

  function run(context: object, app = APP, config = ''): Promise<{ code: number; stderr: string }> {
    const env = {
      ...process.env,
      CDK_CONTEXT_JSON: JSON.stringify(context),
      CONFIG: config,
      CDK_OUTDIR: join(folder, 'cdk.out'),
    }
    return new Promise((resolve) =>
      execFile(process.execPath, [app], { cwd: folder, env }, (error, _, stderr) =>
        resolve({ code: error ? Number(error.code) : 0, stderr }),
      ),
    )
  }

  it('shows an example where no configuration is named, which a parameter without value keeps from deployment', async () => {
    expect(await run({})).toMatchObject({ code: 0 })
    const template = JSON.parse(readFileSync(join(folder, 'cdk.out/ElbCertRotator.template.json'), 'utf8'))
    expect(template.Parameters.NameYourConfigurationByContext).not.toHaveProperty('Default')
  })

  it('synthesises what the context names', async () => {
    const context = {
      config: 'good.json',
      alarmEmail: 'a@example.com, b@example.com',
      dashboard: 'true',
      deployment: 'mine',
    }
    expect(await run(context)).toMatchObject({ code: 0 })
    const template = JSON.parse(readFileSync(join(folder, 'cdk.out/ElbCertRotator.template.json'), 'utf8'))
    expect(template.Parameters).not.toHaveProperty('NameYourConfigurationByContext')
    const of = (type: string) =>
      Object.values<{ Type: string; Properties: Record<string, unknown> }>(template.Resources)
        .filter(({ Type }) => Type === type)
        .map(({ Properties }) => Properties)
    expect(of('AWS::CloudWatch::Dashboard')).toHaveLength(1)
    expect(of('AWS::SNS::Subscription').map(({ Endpoint }) => Endpoint)).toEqual([
      'a@example.com',
      'b@example.com',
    ])
    expect(of('AWS::Lambda::Function')).toMatchObject([
      { Environment: { Variables: { ELB_CERT_ROTATOR_DEPLOYMENT: 'mine' } } },
    ])
    const manifest = JSON.parse(readFileSync(join(folder, 'cdk.out/manifest.json'), 'utf8'))
    expect(manifest.artifacts.ElbCertRotator.properties.stackName).toBe('mine')
  })

  it("prints what is wrong and the way out, and no stack trace, in an app of one's own that catches nothing", async () => {
    const lib = fileURLToPath(new URL('../../lib/index.ts', import.meta.url))
    writeFileSync(
      join(folder, 'own.mts'),
      `import { App, Stack } from ${JSON.stringify(import.meta.resolve('aws-cdk-lib'))}
      import { CertificateRotation } from ${JSON.stringify(lib)}
      new CertificateRotation(new Stack(new App(), 'shop'), 'Rotation', { config: process.env.CONFIG })`,
    )
    const missing = await run({}, join(folder, 'own.mts'), 'none.json')
    expect(missing.stderr).toMatch(/cannot be read: none\.json \(ENOENT\) \(config\/unreadable\)\nhint: /)
    expect(missing.stderr).not.toMatch(/\n\s+at |cause/)
    const { code, stderr } = await run({}, join(folder, 'own.mts'), 'bad.json')
    expect(code).toBe(1)
    expect(stderr).toMatch(/the configuration has 2 problems:\n {2}.+\n {2}.+\(config\/invalid\)\nhint: /)
    expect(stderr).not.toMatch(/\n\s+at |facts/)
  })

  it.each<[string, object, RegExp]>([
    ['a file that is not there', { config: 'none.json' }, /none\.json.*\(config\/unreadable\)/],
    ['JSON that is none', { config: 'syntax.json' }, /line 2.*\(config\/syntax\)/],
    ['a wrong configuration', { config: 'bad.json' }, /2 problems:\n {2}.+\n {2}.+\(config\/invalid\)/],
    [
      'much at once',
      { config: 'bad.json', dashboard: 'yes', alarmEmail: 'ops', deployment: 'a_b' },
      /-c dashboard: found "yes".*\n.*-c deployment: found "a_b"(.*\n)+.*alarmEmails: found "ops"(.*\n)+.*elb\.nam/,
    ],
    ['an address that is none', { config: 'good.json', alarmEmail: 'ops' }, /alarmEmails: found "ops"/],
    [
      'a flag that is none',
      { config: 'good.json', dashboard: 'yes' },
      /-c dashboard: found "yes", expected true or false/,
    ],
    [
      'a name that no stack can have',
      { config: 'good.json', deployment: 'a_b' },
      /-c deployment: found "a_b", expected letters, digits and hyphens/,
    ],
  ])("fails in the command line's format, without a stack trace, with %s", async (_, context, words) => {
    const { code, stderr } = await run(context)
    expect(code).toBe(2)
    expect(stderr).toMatch(words)
    expect(stderr).toMatch(/^elb-cert-rotator: error: /)
    expect(stderr).toMatch(/\nelb-cert-rotator: hint: .+\n$/)
    expect(stderr).not.toMatch(/\n\s+at /)
  })
})
