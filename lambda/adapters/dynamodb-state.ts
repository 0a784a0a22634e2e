/** What a deployment remembers, in one DynamoDB table. */
import {
  type AttributeValue,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  paginateScan,
} from '@aws-sdk/client-dynamodb'
import type { Item } from '../domain/remembered.ts'
import { RotationError } from '../domain/rotation-error.ts'
import type { StateTable } from '../ports.ts'
import { type AwsError, awsCall, isNamed } from './aws-call.ts'

export function dynamodbState(client: DynamoDBClient, name: string): StateTable {
  return {
    async read() {
      const items: Item[] = []
      await call('dynamodb:Scan', async () => {
        // what the previous run wrote a moment ago must be in it
        for await (const page of paginateScan({ client }, { TableName: name, ConsistentRead: true }))
          items.push(...(page.Items ?? []).map(fromWire))
      })
      return items
    },

    async write(item) {
      await call('dynamodb:PutItem', () =>
        client.send(new PutItemCommand({ TableName: name, Item: toWire(item) })),
      )
    },

    replace(item, expected) {
      const command = new PutItemCommand({ TableName: name, Item: toWire(item), ...isStill(expected) })
      return call('dynamodb:PutItem', () => unlessChanged(client.send(command)))
    },

    async remove(id, expected) {
      const Key = { id: { S: id } }
      const condition = expected === null ? {} : isStill(expected)
      const command = new DeleteItemCommand({ TableName: name, Key, ...condition })
      await call('dynamodb:DeleteItem', () => unlessChanged(client.send(command)))
    },
  }

  function call<T>(action: string, work: () => Promise<T>): Promise<T> {
    return awsCall(action, `the table ${name}`, work, absent)
  }

  function absent(error: AwsError): RotationError | null {
    if (!isNamed(error, 'ResourceNotFound')) return null
    const what = `there is no DynamoDB table ${name} in this region, so that nothing is remembered`
    return new RotationError('state/absent', what, { table: name }, { cause: error })
  }
}

/** @returns `false` when the condition did not hold. A retry of the SDK may meet what the first attempt wrote. */
async function unlessChanged(answer: Promise<unknown>): Promise<boolean> {
  try {
    await answer
    return true
  } catch (error) {
    if (error instanceof Error && isNamed(error, 'ConditionalCheckFailed')) return false
    throw error
  }
}

type Condition = Pick<
  ConstructorParameters<typeof PutItemCommand>[0],
  'ConditionExpression' | 'ExpressionAttributeNames' | 'ExpressionAttributeValues'
>

function isStill(expected: Item | null): Condition {
  if (expected === null)
    return { ConditionExpression: 'attribute_not_exists(#id)', ExpressionAttributeNames: { '#id': 'id' } }
  const { data, at } = toWire(expected)
  return {
    ConditionExpression: '#data = :data AND #at = :at',
    ExpressionAttributeNames: { '#data': 'data', '#at': 'at' },
    ExpressionAttributeValues: { ':data': data ?? { NULL: true }, ':at': at ?? { NULL: true } },
  }
}

function toWire({ id, v, deployment, at, data }: Item): Record<string, AttributeValue> {
  return {
    id: { S: id },
    v: { N: String(v) },
    deployment: { S: deployment ?? '' },
    at: { N: String(at) },
    data: { S: data ?? '' },
  }
}

function fromWire(wire: Record<string, AttributeValue>): Item {
  return {
    id: wire['id']?.S ?? '',
    v: toNumber(wire['v']),
    deployment: wire['deployment']?.S ?? null,
    at: toNumber(wire['at']),
    data: wire['data']?.S ?? null,
  }
}

/** A number beyond what `Date` can hold is not an instant. */
function toNumber(value: AttributeValue | undefined): number | null {
  const number = Number(value?.N ?? Number.NaN)
  return Math.abs(number) <= 8.64e15 ? number : null
}
