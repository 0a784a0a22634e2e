/** SSM parameters. What it models and by which source: ../README.md. */
import { createHash } from 'node:crypto'
import {
  ACCOUNT,
  type AwsRequest,
  type Call,
  json,
  jsonError,
  type Service,
  ServiceError,
} from './service.ts'

export interface Ssm {
  readonly service: Service
  /** By name. */
  readonly parameters: Map<string, { type: string; value: string; version: number }>
  snapshot(): object
}

export function createSsm(): Ssm {
  const parameters: Ssm['parameters'] = new Map()

  function get(asked: { Name?: string; WithDecryption?: boolean }, region: string): object {
    const name = asked.Name ?? ''
    const found = parameters.get(name)
    if (!found) throw new ServiceError('ParameterNotFound', '')
    const plain = found.type !== 'SecureString' || asked.WithDecryption === true
    const Value = plain ? found.value : Buffer.from(`encrypted ${name}`).toString('base64')
    const more = { ARN: arnOf(region, name), DataType: 'text', LastModifiedDate: 0 }
    return { Parameter: { Name: name, Type: found.type, Value, Version: found.version, ...more } }
  }

  function put(asked: { Name?: string; Type?: string; Value?: string; Overwrite?: boolean }): object {
    const name = asked.Name ?? ''
    const value = asked.Value ?? ''
    if (!/^[a-zA-Z0-9_.\-/]{1,1011}$/.test(name))
      throw new ServiceError('ValidationException', 'Parameter name must be a fully qualified name')
    if (Buffer.byteLength(value) > 4096)
      throw new ServiceError(
        'ValidationException',
        'Standard tier parameters support a maximum parameter value of 4096 characters.',
      )
    const before = parameters.get(name)
    if (!before && asked.Type === undefined)
      throw new ServiceError(
        'ValidationException',
        'You must specify a parameter type when creating a parameter.',
      )
    if (before && asked.Overwrite !== true)
      throw new ServiceError(
        'ParameterAlreadyExists',
        'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.',
      )
    const version = (before?.version ?? 0) + 1
    parameters.set(name, { type: asked.Type ?? before?.type ?? 'String', value, version })
    return { Version: version, Tier: 'Standard' }
  }

  function remove(asked: { Name?: string }): object {
    if (!parameters.delete(asked.Name ?? '')) throw new ServiceError('ParameterNotFound', '')
    return {}
  }

  function map({ target, body, region }: AwsRequest): Call | null {
    const operation = target.replace('AmazonSSM.', '')
    const run = { GetParameter: get, PutParameter: put, DeleteParameter: remove }[operation]
    if (!run) return null
    const asked = JSON.parse(body) as { Name?: string; Overwrite?: boolean }
    return {
      action: `ssm:${operation}`,
      resources: [arnOf(region, asked.Name ?? '')],
      ...(asked.Overwrite === undefined ? {} : { conditions: { 'ssm:Overwrite': String(asked.Overwrite) } }),
      run: () => json(run(asked, region)),
    }
  }

  return {
    service: { scope: 'ssm', map, error: jsonError },
    parameters,
    snapshot: () =>
      Object.fromEntries(
        [...parameters].map(([name, { version, value }]) => [
          name,
          { version, value: createHash('sha256').update(value).digest('hex') },
        ]),
      ),
  }
}

function arnOf(region: string, name: string): string {
  return `arn:aws:ssm:${region}:${ACCOUNT}:parameter/${name.replace(/^\//, '')}`
}
