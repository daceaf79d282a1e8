import { createHmac } from 'node:crypto'
import { equalSecrets } from '../../lib/hash.ts'

/** Tokens that tie a form to one interaction, whose signed cookie ties it to one browser. */
export interface FormTokens {
  /** Always the same for one interaction: loading the page twice must not invalidate the first. */
  create(interaction: string): string
  verify(interaction: string, token: string): boolean
}

/** Makes form tokens with a key of the server. */
export function createFormTokens(key: string): FormTokens {
  const create = (interaction: string) => createHmac('sha256', key).update(interaction).digest('base64url')
  return { create, verify: (interaction, token) => equalSecrets(create(interaction), token) }
}
