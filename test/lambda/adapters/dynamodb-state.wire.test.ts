import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { dynamodbState } from '../../../lambda/adapters/dynamodb-state.ts'
import type { Item } from '../../../lambda/domain/remembered.ts'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { CLIENT, refusal, startQuickSandbox } from '../../support/adapters.ts'

const TABLE = 'elb-cert-rotator-shop'
const item = (id: string, over: Partial<Item> = {}): Item => ({
  id,
  v: 1,
  deployment: 'shop',
  at: 1_000,
  data: '{"a":1}',
  ...over,
})

describe('the table of a deployment', () => {
  let sandbox: Sandbox
  beforeAll(async () => {
    sandbox = await startQuickSandbox()
  })
  beforeEach(async () => {
    await sandbox.dynamodb.addTable(TABLE)
    return () => sandbox.dynamodb.deleteTable(TABLE)
  })
  afterAll(() => sandbox.stop())

  const table = () => dynamodbState(new DynamoDBClient(CLIENT), TABLE)

  it('gives back what was written, whole', async () => {
    expect(await table().read()).toEqual([])
    const written = [item('cert#ä "quoted"'), item('lease', { data: 'x'.repeat(100_000) })]
    for (const one of written) await table().write(one)
    expect([...(await table().read())].sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual(written)
  })

  it('reads all pages: DynamoDB gives a megabyte at a time', async () => {
    for (let at = 0; at < 6; at++) await table().write(item(`cert#${at}`, { data: 'x'.repeat(300_000) }))
    expect(await table().read()).toHaveLength(6)
    expect(sandbox.aws.calls.filter(({ action }) => action === 'dynamodb:Scan').length).toBeGreaterThan(2)
  })

  it('puts something in the place of nothing once', async () => {
    expect(await table().replace(item('lease'), null)).toBe(true)
    expect(await table().replace(item('lease', { at: 2 }), null)).toBe(false)
    expect(await table().read()).toEqual([item('lease')])
  })

  it.each<[string, Partial<Item>]>([
    ['data', { data: '{}' }],
    ['time', { at: 999 }],
  ])('replaces and removes exactly what is expected, and nothing with other %s', async (_, other) => {
    await table().write(item('lease'))
    expect(await table().replace(item('lease', { at: 5 }), item('lease', other))).toBe(false)
    await table().remove('lease', item('lease', other))
    expect(await table().read()).toEqual([item('lease')])
    expect(await table().replace(item('lease', { at: 5 }), item('lease'))).toBe(true)
    await table().remove('lease', item('lease', { at: 5 }))
    expect(await table().read()).toEqual([])
  })

  it('removes whatever is there when nothing is expected, and nothing there is success', async () => {
    await table().write(item('cert#a'))
    await table().remove('cert#a', null)
    await table().remove('cert#a', null)
    expect(await table().read()).toEqual([])
  })

  it('reads what others wrote as far as it goes', async () => {
    await sandbox.dynamodb.put(TABLE, { id: 'cert#a', v: 'one', at: 1e30, data: 7 })
    expect(await table().read()).toEqual([{ id: 'cert#a', v: null, deployment: null, at: null, data: null }])
  })

  it('fails with state/absent when there is no such table', async () => {
    const none = dynamodbState(new DynamoDBClient(CLIENT), 'elb-cert-rotator-none')
    for (const call of [
      () => none.read(),
      () => none.write(item('a')),
      () => none.replace(item('a'), null),
      () => none.remove('a', null),
    ])
      expect(await refusal(call())).toMatchObject({
        code: 'state/absent',
        message:
          'there is no DynamoDB table elb-cert-rotator-none in this region, so that nothing is remembered',
      })
  })
})
