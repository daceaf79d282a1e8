import { createHmac } from 'node:crypto'
import { equalSecrets } from '../../lib/hash.ts'

/** Tokens that tie a form to one interaction, whose signed cookie ties it to one browser. */
export interface FormTokens {
  /** Always the same for one interaction: loading the page twice must not invalidate the first. */
  create(interaction: string): string
  verify(interaction: string, token: string): boolean
}

/** Makes form tokens with a key of the server. Those made with a former key are still good. */
export function createFormTokens(key: string, formerKeys: readonly string[] = []): FormTokens {
  const sign = (secret: string, interaction: string) =>
    createHmac('sha256', secret).update(interaction).digest('base64url')
  return {
    create: (interaction) => sign(key, interaction),
    verify: (interaction, token) =>
      [key, ...formerKeys].some((secret) => equalSecrets(sign(secret, interaction), token)),
  }
}
