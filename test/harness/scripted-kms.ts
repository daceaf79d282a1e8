import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { equalSecrets } from '../../src/lib/hash.ts'
import { isJsonObject, type JsonObject } from '../../src/lib/json.ts'

/** A key service that a test scripts. Its wire is that of the documentation; it is not the real one. */
export interface ScriptedKms {
  readonly url: string
  /** Requests so far: the action and its decoded body. */
  readonly requests: readonly {
    readonly action: string
    readonly body: JsonObject
    readonly headers: IncomingMessage['headers']
  }[]
  /** Answers every request with this from now on; undefined: as it should be. */
  breakWith(answer: { readonly status: number; readonly body: string } | undefined): void
  close(): Promise<void>
}

type Answer = (action: string, body: JsonObject, request: IncomingMessage, text: string) => JsonObject | Refusal

class Refusal {
  readonly status: number
  readonly body: JsonObject
  constructor(status: number, body: JsonObject) {
    this.status = status
    this.body = body
  }
}

async function serve(actionOf: (request: IncomingMessage) => string, answer: Answer): Promise<ScriptedKms> {
  const requests: { action: string; body: JsonObject; headers: IncomingMessage['headers'] }[] = []
  let broken: { readonly status: number; readonly body: string } | undefined
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const text = Buffer.concat(chunks).toString('utf8')
    const parsed: unknown = JSON.parse(text)
    const body = isJsonObject(parsed) ? parsed : {}
    const action = actionOf(request)
    requests.push({ action, body, headers: request.headers })
    const result = answer(action, body, request, text)
    const status = broken?.status ?? (result instanceof Refusal ? result.status : 200)
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(broken?.body ?? JSON.stringify(result instanceof Refusal ? result.body : result))
  }
  const server = createServer((request, response) => void handle(request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    breakWith: (next) => (broken = next),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** AWS KMS with one key: verifies Signature Version 4, and opens a data key only with the encryption context it was made with. */
export function startKms(account: {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
  readonly region: string
}): Promise<ScriptedKms> {
  const master = randomBytes(32)
  const actionOf = ({ headers }: IncomingMessage) => String(headers['x-amz-target']).replace('TrentService.', '')
  return serve(actionOf, (action, body, request, text) => {
    const problem = checkSignature(request, text, account)
    if (problem !== undefined) return new Refusal(400, { __type: 'InvalidSignatureException', message: problem })
    const context = JSON.stringify(body['EncryptionContext'])
    if (action === 'GenerateDataKey' && body['KeySpec'] === 'AES_256') {
      const dataKey = randomBytes(32)
      const blob = encrypt(master, dataKey, context)
      return { KeyId: body['KeyId'], Plaintext: dataKey.toString('base64'), CiphertextBlob: blob }
    }
    const opened = decrypt(master, String(body['CiphertextBlob']), context)
    if (opened === undefined) return new Refusal(400, { __type: 'InvalidCiphertextException' })
    return { KeyId: body['KeyId'], Plaintext: opened.toString('base64') }
  })
}

/** The transit engine of HashiCorp Vault with one AEAD key. */
export function startTransit(options: {
  readonly token: string
  readonly mount: string
  readonly key: string
  readonly namespace?: string
}): Promise<ScriptedKms> {
  const master = randomBytes(32)
  return serve(
    ({ url }) => url ?? '',
    (path, body, { headers }) => {
      if (headers['x-vault-token'] !== options.token || headers['x-vault-namespace'] !== options.namespace) {
        return new Refusal(403, { errors: ['permission denied'] })
      }
      const associated = String(body['associated_data'])
      if (path === `/v1/${options.mount}/encrypt/${options.key}`) {
        const ciphertext = encrypt(master, Buffer.from(String(body['plaintext']), 'base64'), associated)
        return { data: { ciphertext: `vault:v1:${ciphertext}`, key_version: 1 } }
      }
      if (path !== `/v1/${options.mount}/decrypt/${options.key}`) return new Refusal(404, { errors: [] })
      const opened = decrypt(master, String(body['ciphertext']).replace('vault:v1:', ''), associated)
      if (opened === undefined) return new Refusal(400, { errors: ['cipher: message authentication failed'] })
      return { data: { plaintext: opened.toString('base64') } }
    },
  )
}

function encrypt(key: Buffer, plaintext: Buffer, associated: string): string {
  const iv = randomBytes(12)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(associated))
  return Buffer.concat([iv, cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]).toString('base64')
}

function decrypt(key: Buffer, text: string, associated: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64')
  const cipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12)).setAAD(Buffer.from(associated))
  cipher.setAuthTag(bytes.subarray(-16))
  try {
    return Buffer.concat([cipher.update(bytes.subarray(12, -16)), cipher.final()])
  } catch {
    return undefined
  }
}

/** Signature Version 4 recomputed from what arrived: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function checkSignature(
  request: IncomingMessage,
  body: string,
  account: { accessKeyId: string; secretAccessKey: string; sessionToken?: string; region: string },
): string | undefined {
  const authorization = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
    request.headers.authorization ?? '',
  )
  if (authorization === null) return 'there is no signature'
  const [, credential = '', signedHeaders = '', signature = ''] = authorization
  const time = String(request.headers['x-amz-date'])
  const scope = `${time.slice(0, 8)}/${account.region}/kms/aws4_request`
  if (credential !== `${account.accessKeyId}/${scope}`) return 'the credential scope is another'
  if (request.headers['x-amz-security-token'] !== account.sessionToken) return 'the security token is another'
  const names = signedHeaders.split(';')
  const required = ['host', 'x-amz-date', 'x-amz-target', ...(account.sessionToken ? ['x-amz-security-token'] : [])]
  if (!required.every((name) => names.includes(name))) return 'a header is not signed'
  const headers = names.map((name) => `${name}:${String(request.headers[name]).trim()}\n`).join('')
  const canonical = ['POST', '/', '', headers, signedHeaders, sha256(body)].join('\n')
  const toSign = ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')
  const key = [account.region, 'kms', 'aws4_request'].reduce(
    hmac,
    hmac(`AWS4${account.secretAccessKey}`, time.slice(0, 8)),
  )
  return equalSecrets(hmac(key, toSign).toString('hex'), signature) ? undefined : 'the signature does not match'
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest()
}
