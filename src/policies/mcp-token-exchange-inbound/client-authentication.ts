import { z } from 'zod'
import { Secret } from '../../lib/secret.ts'

const clientId = z.string().min(1).describe('Client id at the token endpoint.')

/** A secret from the environment: an unset variable is an empty text. */
export const secretText = z
  .string()
  .min(1, 'is empty; if it comes from the environment, set that variable')
  .transform((value) => new Secret(value))

/** How the gateway authenticates at a token endpoint (RFC 6749 §2.3.1, RFC 7523 §2.2). */
export const clientAuthentication = z
  .discriminatedUnion('method', [
    z.strictObject({
      method: z.enum(['client_secret_basic', 'client_secret_post']),
      clientId,
      clientSecret: secretText.describe('Client secret. Write $env(NAME).'),
    }),
    z.strictObject({
      method: z.literal('private_key_jwt'),
      clientId,
      privateKeyPem: secretText.describe('Private key, PKCS #8 in PEM. Write $env(NAME).'),
      algorithm: z.enum(['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512']).default('RS256'),
      keyId: z.string().min(1).optional().describe('`kid` of the assertion.'),
      audience: z
        .string()
        .min(1)
        .optional()
        .describe('`aud` of the assertion; if absent the issuer, where it was discovered, else the token endpoint.'),
      expiresInSeconds: z.int().min(1).max(3600).default(300).describe('Lifetime of an assertion. Seconds.'),
    }),
  ])
  .describe('How the gateway authenticates at the token endpoint.')
