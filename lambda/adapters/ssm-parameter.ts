/** One SSM parameter: read it, write it unless it exists, delete it. The SSM adapters share this. */
import {
  DeleteParameterCommand,
  GetParameterCommand,
  PutParameterCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm'
import { awsCall, isNamed } from './aws-call.ts'

/** @returns the decrypted value, or `null` when there is no such parameter */
export function getOrNull(client: SSMClient, name: string): Promise<string | null> {
  const command = new GetParameterCommand({ Name: name, WithDecryption: true })
  const read = () => client.send(command).then(({ Parameter }) => Parameter?.Value ?? '')
  return awsCall('ssm:GetParameter', name, () => unless('ParameterNotFound', read(), null))
}

/** Write a SecureString, never over an existing one. @returns whether it was written */
export function putUnlessThere(client: SSMClient, name: string, value: object): Promise<boolean> {
  const command = new PutParameterCommand({
    Name: name,
    Type: 'SecureString',
    Overwrite: false,
    Value: JSON.stringify(value),
  })
  const put = () => client.send(command).then(() => true)
  return awsCall('ssm:PutParameter', name, () => unless('ParameterAlreadyExists', put(), false))
}

/** One that does not exist is success. */
export function deleteIfThere(client: SSMClient, name: string): Promise<void> {
  const command = new DeleteParameterCommand({ Name: name })
  const remove = () => client.send(command).then(() => undefined)
  return awsCall('ssm:DeleteParameter', name, () => unless('ParameterNotFound', remove(), undefined))
}

/** An answer that SSM gives as an error. */
async function unless<T>(errorName: string, answer: Promise<T>, instead: T): Promise<T> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof Error && isNamed(error, errorName)) return instead
    throw error
  }
}
