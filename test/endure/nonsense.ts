/** Input that nobody meant: nearly right documents and items, and answers of another world. */
import fc from 'fast-check'
import type { Item } from '../../lambda/domain/remembered.ts'

const word = fc.oneof(
  fc.constantFrom(
    'example.com',
    '*.example.com',
    'bücher.example',
    'a..b',
    '',
    'rsa',
    'ecdsa',
    'now',
    '443',
    'web',
  ),
  fc.string(),
)
const value: fc.Arbitrary<unknown> = fc.oneof(
  word,
  fc.integer(),
  fc.boolean(),
  fc.constant(null),
  fc.array(word),
)
const keys = fc.constantFrom(
  ...[
    'acme',
    'directory_url',
    'contact',
    'profile',
    'dns',
    'zones',
    'name',
    'hosts',
    'key_type',
    'elb',
    'port',
  ],
  ...['targets', 'take_over', 'certificates', '$schema', '__proto__', 'id'],
)
const thing: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  node: fc.oneof(
    { depthSize: 'small' },
    value,
    fc.array(tie('node'), { maxLength: 3 }),
    fc.dictionary(keys, tie('node'), { maxKeys: 4 }),
  ),
})).node

const entry = fc.record(
  {
    name: fc.option(fc.constantFrom('a', 'b'), { nil: undefined }),
    hosts: fc.oneof(
      { weight: 3, arbitrary: fc.constant(['www.example.com']) },
      fc.array(word, { maxLength: 3 }),
    ),
    key_type: fc.oneof({ weight: 3, arbitrary: fc.constantFrom('rsa', 'ecdsa') }, value),
    elb: fc.oneof({ weight: 3, arbitrary: fc.constant({ name: 'web' }) }, thing),
    take_over: fc.oneof({ weight: 3, arbitrary: fc.constantFrom('now', 'when_due') }, value),
  },
  { requiredKeys: ['hosts', 'elb'] },
)

/** Text of a configuration: right, nearly right, any JSON, or any text. */
export const documentText: fc.Arbitrary<string> = fc.oneof(
  fc.array(entry, { minLength: 1, maxLength: 2 }).map((entries) => JSON.stringify(entries)),
  fc
    .record({ certificates: fc.array(entry, { maxLength: 2 }), acme: thing, dns: thing })
    .map((one) => JSON.stringify(one)),
  thing.map((one) => JSON.stringify(one)),
  fc.string(),
)

const state = fc.record(
  {
    failures: thing,
    nextTry: fc.oneof(fc.constant(null), fc.double()),
    order: fc.oneof(
      fc.constant(null),
      fc.record({ url: word, specificationHash: word, keyParameter: word, since: fc.double() }),
    ),
    values: fc.array(
      fc.record({
        zone: fc.record({ id: word, name: word, group: fc.integer() }),
        name: word,
        ours: fc.array(word),
      }),
      { maxLength: 2 },
    ),
    working: fc.dictionary(word, fc.record({ arn: word, since: fc.double(), seen: fc.boolean() }), {
      maxKeys: 2,
    }),
    rejected: fc.array(fc.record({ listener: word, arn: word }), { maxLength: 2 }),
    postponed: fc.boolean(),
  },
  { requiredKeys: ['order', 'values', 'working', 'rejected', 'postponed', 'nextTry'] },
)

/** An item of the table: damaged, newer, another deployment's, or right with nonsense in it. */
export const anItem: fc.Arbitrary<Item> = fc.record({
  id: fc.oneof(fc.constantFrom('cert#entry-0', 'cert#gone', 'lease', 'ledger#1', 'cert#'), fc.string()),
  v: fc.oneof(fc.constant(1), fc.constantFrom(null, 0, 2, Number.NaN)),
  deployment: fc.oneof(fc.constant('toy'), fc.constantFrom(null, 'other')),
  at: fc.oneof(fc.constant(1_700_000_000_000), fc.option(fc.integer())),
  data: fc.oneof(
    fc.tuple(state, thing).map(([one, failures]) => JSON.stringify({ ...one, failures: failures ?? null })),
    state.map((one) => JSON.stringify({ ...one, failures: null })),
    thing.map((one) => JSON.stringify(one) ?? ''),
    fc.option(fc.string()),
  ),
})

/** What a proxy, a captive portal or a broken service may answer. */
export const anAnswer: fc.Arbitrary<{
  readonly status: number
  readonly contentType: string
  readonly body: string
}> = fc.record({
  status: fc.constantFrom(200, 200, 200, 204, 302, 400, 403, 404, 418, 429, 500, 502),
  contentType: fc.constantFrom('text/html', 'application/json', 'text/xml', 'application/problem+json', 'x'),
  body: fc.oneof(
    fc.constantFrom(
      '',
      '<html><body>Sign in</body></html>',
      '{',
      '<',
      '{}',
      '[]',
      'null',
      '<a/>',
      'x'.repeat(2_000_000),
    ),
    thing.map((one) => JSON.stringify(one) ?? ''),
    fc
      .record({ type: word, detail: word, status: value, subproblems: thing })
      .map((one) => JSON.stringify(one)),
    fc
      .record({
        status: fc.constantFrom('valid', 'pending', 'ready', 'odd'),
        authorizations: thing,
        finalize: thing,
      })
      .map((one) => JSON.stringify(one)),
    word.map((text) => `<Response><Result>${text}</Result></Response>`),
    fc.string(),
  ),
})
