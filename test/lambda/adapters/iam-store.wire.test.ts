import { createPrivateKey } from 'node:crypto'
import { IAMClient } from '@aws-sdk/client-iam'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { iamStore, toTraditional } from '../../../lambda/adapters/iam-store.ts'
import { DAY_MS, HOUR_MS } from '../../../lambda/domain/instant.ts'
import { readLeaf } from '../../../lambda/domain/leaf.ts'
import type { Certificate } from '../../../lambda/domain/model.ts'
import { storedName } from '../../../lambda/domain/names.ts'
import { storedTags, TAG } from '../../../lambda/domain/tags.ts'
import type { CertificateStore, CertificateUpload } from '../../../lambda/ports.ts'
import { type Authority, makeAuthority, makeLeaf } from '../../sandbox/certificates.ts'
import type { Sandbox } from '../../sandbox/sandbox.ts'
import { CLIENT, refusal, startQuickSandbox } from '../../support/adapters.ts'

const PATH = '/elb-cert-rotator/us-east-1/test/'
const DESIRED: Certificate = {
  id: 'shop',
  hosts: ['www.example.com'],
  keyType: 'ecdsa',
  profile: null,
  directoryUrl: 'https://ca.test/directory',
  isStaging: false,
  takeOver: 'when_due',
  allowStaging: false,
  targets: [],
}

describe('the store', () => {
  let sandbox: Sandbox
  let store: CertificateStore
  let ca: Authority

  beforeEach(async () => {
    sandbox = await startQuickSandbox({ certificateLimit: 300 })
    store = iamStore(new IAMClient(CLIENT), PATH)
    ca = await makeAuthority('Some CA')
  })
  afterEach(() => sandbox.stop())

  async function newUpload(): Promise<CertificateUpload> {
    const notBefore = Math.floor(Date.now() / 1000) * 1000 - HOUR_MS
    const { pem, privateKey } = await makeLeaf(ca, {
      hosts: DESIRED.hosts,
      notBefore,
      notAfter: notBefore + DAY_MS,
    })
    const name = storedName(DESIRED, readLeaf(pem))
    return {
      name,
      certificate: pem,
      chain: ca.pem,
      privateKey: createPrivateKey(privateKey),
      tags: storedTags('test', DESIRED),
    }
  }

  it('lists what was uploaded, with all that its name and dates tell, and gives leaf and tags', async () => {
    const upload = await newUpload()
    const arn = await store.upload(upload)
    const leaf = readLeaf(upload.certificate)
    expect(arn).toContain(`:server-certificate${PATH}${upload.name}`)
    expect(await store.list()).toEqual([
      expect.objectContaining({ arn, name: upload.name, serial: leaf.serial, notAfter: leaf.notAfter }),
    ])
    expect(await store.read(arn)).toMatchObject({ leaf, tags: { [TAG.id]: 'shop', [TAG.keyType]: 'ecdsa' } })
  })

  it('leaves out what lies under other paths, and what has no name of ours', async () => {
    await sandbox.buy('bought', { hosts: ['www.example.com'], endsInMs: DAY_MS })
    const { certificate, chain, privateKey: key } = await newUpload()
    const privateKey = toTraditional(key)
    sandbox.iam.add({ name: 'put-here-by-hand', path: PATH, body: certificate, chain, privateKey })
    expect(await store.list()).toEqual([])
  })

  it('lists over all pages', async () => {
    const listPage = 1000
    sandbox.iam.limit = listPage + 100
    const { certificate, chain, privateKey: key, name } = await newUpload()
    const privateKey = toTraditional(key)
    for (let at = 0; at < listPage + 20; at++) {
      const serial = at.toString(16).padStart(4, '0')
      sandbox.iam.add({
        name: `${name}${serial}`.slice(-100).replace(/^[^a-z]*/, 's'),
        path: PATH,
        body: certificate,
        chain,
        privateKey,
      })
    }
    expect((await store.list()).length).toBe(listPage + 20)
  })

  it('takes a repeated upload for the first, and refuses another certificate of the same name', async () => {
    const upload = await newUpload()
    const arn = await store.upload(upload)
    expect(await store.upload(upload)).toBe(arn)
    const other = { ...(await newUpload()), name: upload.name }
    expect(await refusal(store.upload(other))).toMatchObject({
      code: 'store/refused',
      message: expect.stringContaining('already exists'),
    })
  })

  it('takes an upload whose answer was lost for done', async () => {
    const upload = await newUpload()
    const arn = await store.upload(upload)
    sandbox.aws.intercept(({ action, count }) =>
      action === 'iam:UploadServerCertificate' && count === 1 ? 'reset' : null,
    )
    expect(await store.upload(upload)).toBe(arn)
  })

  it('refuses a key that is another certificate’s, without a word of the key', async () => {
    const upload = { ...(await newUpload()), privateKey: (await newUpload()).privateKey }
    const { code, message } = await refusal(store.upload(upload))
    expect(code).toBe('store/refused')
    expect(message).toContain('KeyPairMismatch')
    expect(message).not.toContain('PRIVATE KEY')
  })

  it('says that it is full', async () => {
    sandbox.iam.limit = 0
    expect(await store.quota()).toEqual({ used: 0, limit: 0 })
    expect(await refusal(store.upload(await newUpload()))).toMatchObject({ code: 'store/quota-full' })
  })

  it('adds a tag and keeps the others', async () => {
    const arn = await store.upload(await newUpload())
    await store.tag(arn, { [TAG.rejected]: 'web' })
    expect((await store.read(arn))?.tags).toMatchObject({ [TAG.rejected]: 'web', [TAG.id]: 'shop' })
  })

  it('gives null for a certificate that is gone', async () => {
    expect(await store.read(`arn:aws:iam::1:server-certificate${PATH}gone`)).toBeNull()
  })
})
