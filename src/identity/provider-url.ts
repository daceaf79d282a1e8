import { z } from 'zod'
import { isLoopbackHost } from '../lib/loopback.ts'

/** URL of an identity provider in a project file: https; `http` only for providers on loopback, while developing. */
export const providerUrl = z
  .url({ protocol: /^https?$/, error: 'must be an https URL' })
  .refine((url) => isSecure(url), { error: 'must be an https URL: only providers on loopback may use http' })

function isSecure(text: string): boolean {
  const url = URL.parse(text)
  // What is no URL at all was reported already.
  return url === null || url.protocol === 'https:' || isLoopbackHost(url.hostname)
}
