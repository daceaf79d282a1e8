import { AwsV4Signer } from 'aws4fetch'
import type { CallKms } from '../../http/call-kms.ts'
import type { JsonObject } from '../../lib/json.ts'
import type { Secret } from '../../lib/secret.ts'
import { readAnswer, requireText } from './read-answer.ts'
import type { KeyWrapper } from './wrapped-keys.ts'

/** Which key of AWS KMS wraps, and who asks. */
export interface AwsKmsOptions {
  /** Id, ARN or alias of a symmetric key. */
  readonly keyId: string
  readonly region: string
  /** Absent: that of the region. */
  readonly endpoint?: string | undefined
  /** Part of the encryption context, so that a key policy can tell deployments apart. */
  readonly deployment: string
  readonly credentials: AwsCredentials
}

/** Credentials of an IAM principal. */
export interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: Secret
  /** For temporary credentials. */
  readonly sessionToken: Secret | undefined
}

const source = 'AWS KMS'

/** Vault keys as data keys of AWS KMS. */
export function createAwsKmsWrapper(options: AwsKmsOptions, call: CallKms): KeyWrapper {
  const { keyId, region, deployment, credentials } = options
  const url = options.endpoint ?? `https://kms.${region}.amazonaws.com/`
  const contextOf = (id: string) => ({ purpose: 'sallyport-vault-key', deployment, key: id })

  async function send(action: 'GenerateDataKey' | 'Decrypt', members: JsonObject): Promise<JsonObject> {
    const body = JSON.stringify({ KeyId: keyId, ...members })
    const signed = await new AwsV4Signer({
      method: 'POST',
      url,
      body,
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `TrentService.${action}` },
      service: 'kms',
      region,
      accessKeyId: credentials.accessKeyId,
      secretAccessKey: credentials.secretAccessKey.reveal(),
      ...(credentials.sessionToken && { sessionToken: credentials.sessionToken.reveal() }),
    }).sign()
    const answer = await call(signed.url.href, { headers: Object.fromEntries(signed.headers), body })
    return readAnswer(answer, `${source}: ${action} with ${keyId}`)
  }

  return {
    source,
    kind: 'aws-kms',
    async generate(id) {
      const answer = await send('GenerateDataKey', { KeySpec: 'AES_256', EncryptionContext: contextOf(id) })
      return {
        bytes: Buffer.from(requireText(answer, 'Plaintext', source), 'base64'),
        wrapped: requireText(answer, 'CiphertextBlob', source),
      }
    },
    async unwrap(id, wrapped) {
      const answer = await send('Decrypt', { CiphertextBlob: wrapped, EncryptionContext: contextOf(id) })
      return Buffer.from(requireText(answer, 'Plaintext', source), 'base64')
    },
  }
}
