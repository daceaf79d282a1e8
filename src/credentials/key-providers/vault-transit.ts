import type { CallKms } from '../../http/call-kms.ts'
import type { JsonObject } from '../../lib/json.ts'
import { objectMember } from '../../lib/json.ts'
import type { Secret } from '../../lib/secret.ts'
import { generateVaultKey } from '../keys.ts'
import { readAnswer, requireText } from './read-answer.ts'
import type { KeyWrapper } from './wrapped-keys.ts'

/** Which transit key of HashiCorp Vault wraps, and who asks. */
export interface VaultTransitOptions {
  /** e.g. `https://vault.example.com:8200`. */
  readonly address: string
  readonly mount: string
  /** Name of an AEAD key, e.g. of type aes256-gcm96. */
  readonly key: string
  readonly namespace?: string | undefined
  /** Part of the associated data: what one deployment wrapped does not open in another. */
  readonly deployment: string
  readonly token: Secret
}

const source = 'HashiCorp Vault'

/** Vault keys made here and encrypted by the transit engine. Its policy needs `update` on encrypt and decrypt of the key, and no more. */
export function createVaultTransitWrapper(options: VaultTransitOptions, call: CallKms): KeyWrapper {
  const { address, mount, key, namespace, deployment, token } = options
  const base = address.replace(/\/+$/, '')
  const associatedData = (id: string) =>
    Buffer.from(JSON.stringify(['sallyport-vault-key', deployment, id])).toString('base64')

  async function send(action: 'encrypt' | 'decrypt', members: JsonObject): Promise<JsonObject> {
    const url = `${base}/v1/${mount}/${action}/${encodeURIComponent(key)}`
    const answer = await call(url, {
      headers: {
        'content-type': 'application/json',
        'x-vault-token': token.reveal(),
        'x-vault-request': 'true',
        ...(namespace !== undefined && { 'x-vault-namespace': namespace }),
      },
      body: JSON.stringify(members),
    })
    return objectMember(readAnswer(answer, `${source}: ${mount}/${action}/${key}`), 'data') ?? {}
  }

  return {
    source,
    kind: 'vault-transit',
    async generate(id) {
      const { bytes } = generateVaultKey()
      const members = { plaintext: bytes.toString('base64'), associated_data: associatedData(id) }
      return { bytes, wrapped: requireText(await send('encrypt', members), 'ciphertext', source) }
    },
    async unwrap(id, wrapped) {
      const answer = await send('decrypt', { ciphertext: wrapped, associated_data: associatedData(id) })
      return Buffer.from(requireText(answer, 'plaintext', source), 'base64')
    },
  }
}
