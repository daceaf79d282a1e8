import { z } from 'zod'
import { isLoopbackHost } from '../../lib/loopback.ts'
import { Secret } from '../../lib/secret.ts'

/** Where the operator has something sent. Without user and password: those are settings of their own, which are not printed. */
export const collectorUrl = z.url({ protocol: /^https?$/ }).refine((url) => {
  const { username = '', password = '' } = URL.parse(url) ?? {}
  return username === '' && password === ''
}, 'must not hold a user or a password')

export const insecureSwitch = z
  .boolean()
  .default(false)
  .describe('Plain http to another machine. Whoever is in between reads what is sent, secrets included.')

/** https, or this machine, or said to be wanted. */
export function isReachedSafely({ url, insecure }: { readonly url: string; readonly insecure: boolean }): boolean {
  const { protocol, hostname = '' } = URL.parse(url) ?? {}
  return protocol === 'https:' || insecure || isLoopbackHost(hostname)
}

export const unsafeUrl = {
  error: 'must be https for another machine; write "insecure": true beside it where the network in between is yours',
  path: ['url'],
}

/** A text that is not printed. */
export const secretText = z
  .string()
  .min(1, 'must not be empty; if it comes from the environment, set that variable')
  .transform((text) => new Secret(text))

export const secretHeaders = z
  .record(z.string().regex(/^[A-Za-z0-9-]+$/, 'must be a header name'), secretText)
  .default({})
  .describe('Headers of every request, e.g. an API key. Write $env(NAME).')
