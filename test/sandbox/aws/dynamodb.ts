/**
 * DynamoDB, served by dynalite: every request is handed on to its server. What it models and by which source: ../README.md.
 */
import type { IncomingHttpHeaders } from 'node:http'
import dynalite from 'dynalite'
import { portOf } from './endpoint.ts'
import { ACCOUNT, type AwsAnswer, type AwsRequest, type Call, jsonError, type Service } from './service.ts'

export interface DynamoDb {
  readonly service: Service
  /** As the construct's template has it: one text key, `id`, and paid on demand. */
  addTable(name: string): Promise<void>
  deleteTable(name: string): Promise<void>
  /** Plain attributes of every item, by id; of numbers and texts alone. */
  items(table: string): Promise<Map<string, Record<string, string | number>>>
  put(table: string, item: Readonly<Record<string, string | number>>): Promise<void>
  stop(): Promise<void>
}

const OPERATIONS = [
  ...['PutItem', 'GetItem', 'DeleteItem', 'UpdateItem', 'Scan', 'Query'],
  ...['CreateTable', 'DescribeTable', 'DeleteTable'],
]
const VERSION = 'DynamoDB_20120810'

type Wire = Record<string, { readonly S?: string; readonly N?: string }>

export async function startDynamoDb(): Promise<DynamoDb> {
  const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${portOf(server)}`

  async function hand(operation: string, body: string, headers: IncomingHttpHeaders): Promise<AwsAnswer> {
    const answer = await fetch(url, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `${VERSION}.${operation}`,
        'x-amz-date': String(headers['x-amz-date'] ?? ''),
        authorization: String(headers.authorization ?? ''),
      },
    })
    const contentType = answer.headers.get('content-type') ?? 'application/x-amz-json-1.0'
    return { status: answer.status, contentType, body: await answer.text() }
  }

  async function own(operation: string, input: object): Promise<Record<string, unknown>> {
    const headers = {
      'x-amz-date': '20261126T000000Z',
      authorization:
        'AWS4-HMAC-SHA256 Credential=sandbox/20261126/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0',
    }
    const { status, body } = await hand(operation, JSON.stringify(input), headers)
    if (status !== 200) throw new Error(`the sandbox could not ${operation}: ${body}`)
    return JSON.parse(body) as Record<string, unknown>
  }

  function map({ target, body, region, headers }: AwsRequest): Call | null {
    const operation = target.replace(`${VERSION}.`, '')
    if (!OPERATIONS.includes(operation)) return null
    const { TableName = '' } = JSON.parse(body) as { TableName?: string }
    return {
      action: `dynamodb:${operation}`,
      resources: [`arn:aws:dynamodb:${region}:${ACCOUNT}:table/${TableName}`],
      run: () => hand(operation, body, headers),
    }
  }

  return {
    service: { scope: 'dynamodb', map, error: (error) => jsonError(error) },
    async addTable(name) {
      await own('CreateTable', {
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      })
      await ready(name)
    },
    async deleteTable(name) {
      await own('DeleteTable', { TableName: name })
      // it is DELETING for a tick
      while (((await own('ListTables', {})) as { TableNames: string[] }).TableNames.includes(name))
        await new Promise((resolve) => setTimeout(resolve, 1))
    },
    async items(table) {
      const { Items = [] } = (await own('Scan', { TableName: table })) as { Items?: Wire[] }
      return new Map(
        Items.map((item) => [
          item['id']?.S ?? '',
          Object.fromEntries(
            Object.entries(item).map(([key, { S, N }]) => [key, N === undefined ? (S ?? '') : Number(N)]),
          ),
        ]),
      )
    },
    async put(table, item) {
      const Item = Object.fromEntries(
        Object.entries(item).map(([key, value]) => [
          key,
          typeof value === 'number' ? { N: String(value) } : { S: value },
        ]),
      )
      await own('PutItem', { TableName: table, Item })
    },
    async stop() {
      server.closeAllConnections()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }

  /** Also without a delay it is CREATING for a tick. */
  async function ready(name: string): Promise<void> {
    for (;;) {
      const { Table } = (await own('DescribeTable', { TableName: name })) as {
        Table: { TableStatus: string }
      }
      if (Table.TableStatus === 'ACTIVE') return
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
  }
}
