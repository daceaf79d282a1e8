import { createHmac } from 'node:crypto'

/**
 * Headers that prove who sent a body, and when (Standard Webhooks 1.0, `v1`: HMAC-SHA256). A secret of the form `whsec_<base64>` stands for
 * the bytes in it, any other one for its own. `id` stays the same when a request is sent again.
 */
export function signWebhook(
  secret: string,
  id: string,
  timeMs: number,
  body: string,
): { readonly 'webhook-id': string; readonly 'webhook-timestamp': string; readonly 'webhook-signature': string } {
  const timestamp = String(Math.floor(timeMs / 1000))
  const key = secret.startsWith('whsec_') ? Buffer.from(secret.slice('whsec_'.length), 'base64') : Buffer.from(secret)
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` }
}
