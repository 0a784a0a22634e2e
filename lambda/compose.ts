/** Which adapter stands behind which port: the only file that knows it. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { ElasticLoadBalancingClient } from '@aws-sdk/client-elastic-load-balancing'
import { IAMClient } from '@aws-sdk/client-iam'
import { Route53Client } from '@aws-sdk/client-route-53'
import { SSMClient } from '@aws-sdk/client-ssm'
import { acmeAuthority } from './adapters/acme/authority.ts'
import { classicLoadBalancers } from './adapters/classic-load-balancers.ts'
import { dns01Proof } from './adapters/dns-01/proof.ts'
import { route53Zones } from './adapters/dns-01/route53.ts'
import { dynamodbState } from './adapters/dynamodb-state.ts'
import { iamStore } from './adapters/iam-store.ts'
import { generateKey } from './adapters/node-keys.ts'
import { ssmAccounts } from './adapters/ssm-accounts.ts'
import { ssmExternalAccount } from './adapters/ssm-external-account.ts'
import { ssmKeys } from './adapters/ssm-keys.ts'
import { type Dial, dialByName, tlsProbe } from './adapters/tls-probe.ts'
import type { Config } from './domain/config.ts'
import { DEFAULTS, type Settings } from './domain/defaults.ts'
import type { Emit } from './domain/events.ts'
import { accountParameter, stateTable, storePath } from './domain/names.ts'
import type { MakeKey, Ports, Time } from './ports.ts'

/** What differs between the function, the command line and the tests. */
export interface Surroundings {
  readonly region: string
  readonly deployment: string
  readonly emit: Emit
  readonly time?: Time
  readonly settings?: Settings
  readonly dial?: Dial
  readonly makeKey?: MakeKey
}

export const systemTime: Time = {
  now: () => Date.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  stopAt: Number.POSITIVE_INFINITY,
}

/** The SDK finds endpoints and credentials as usual; `AWS_ENDPOINT_URL` is honoured. */
export function compose(config: Config, surroundings: Surroundings): Ports {
  const { region, deployment, emit } = surroundings
  const { time = systemTime, settings = DEFAULTS, dial = dialByName, makeKey = generateKey } = surroundings
  const client = {
    region,
    maxAttempts: settings.awsAttempts,
    requestHandler: {
      connectionTimeout: settings.awsConnectTimeoutMs,
      requestTimeout: settings.awsRequestTimeoutMs,
      throwOnRequestTimeout: true,
    },
  }
  const ssm = new SSMClient(client)
  const proof = dns01Proof({ zones: route53Zones(new Route53Client(client)), config, time, settings })
  return {
    time,
    emit,
    targets: { classic: classicLoadBalancers(new ElasticLoadBalancingClient(client)) },
    store: iamStore(new IAMClient(client), storePath(region, deployment)),
    proof,
    authority: acmeAuthority({
      directoryUrl: config.directoryUrl,
      contact: config.contact,
      rootCertificates: config.rootCertificates,
      accounts: ssmAccounts(ssm, accountParameter(deployment, config.directoryUrl)),
      externalAccount: config.externalAccount && ssmExternalAccount(ssm, config.externalAccount),
      challengeType: proof.challengeType,
      time,
      makeKey,
      settings,
    }),
    keys: ssmKeys(ssm),
    state: dynamodbState(new DynamoDBClient(client), stateTable(deployment)),
    probe: tlsProbe(settings.probeTimeoutMs, dial),
    makeKey,
  }
}
