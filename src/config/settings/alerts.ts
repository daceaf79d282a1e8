import { z } from 'zod'
import { collectorUrl, insecureSwitch, isReachedSafely, secretText, unsafeUrl } from './outgoing.ts'

const window = (minutes: number) =>
  z.number().min(1).max(60).default(minutes).describe('Time that is looked at. Minutes.')

const switchOff = (what: string) => z.boolean().default(true).describe(what)

const receiver = z
  .strictObject({
    url: collectorUrl.describe('Where alerts are posted, each when it fires and when it is resolved.'),
    insecure: insecureSwitch,
    secret: secretText
      .refine((secret) => Buffer.byteLength(secret.reveal()) >= 24, 'must have at least 24 bytes')
      .describe('Signs every request (Standard Webhooks, HMAC-SHA256). Write $env(NAME).'),
  })
  .refine(isReachedSafely, unsafeUrl)

/** `alerts` of sallyport.jsonc. */
export const alertsSettings = z
  .strictObject({
    webhooks: z.array(receiver).default([]).describe('Who is told. Without one, nothing is looked for.'),
    errorRate: z
      .strictObject({
        enabled: switchOff('Whether it is looked at.'),
        percent: z.number().positive().max(100).default(10).describe('Fires at this share of failed requests.'),
        atLeast: z.int().positive().default(20).describe('Fewer requests than this in the window say nothing.'),
        minutes: window(5),
      })
      .prefault({})
      .describe(
        'Requests of one virtual server that failed in the gateway or the upstream. What a client did wrong does not count.',
      ),
    latency: z
      .strictObject({
        enabled: switchOff('Whether it is looked at.'),
        p95Ms: z.number().positive().default(10_000).describe('Fires at this 95th percentile. Milliseconds.'),
        atLeast: z.int().positive().default(20).describe('Fewer requests than this in the window say nothing.'),
        minutes: window(5),
      })
      .prefault({})
      .describe('Answers of one virtual server take long.'),
    quota: z
      .strictObject({
        enabled: switchOff('Whether it is looked at.'),
        percent: z.number().min(50).max(100).default(80).describe('Fires at this share of a limit.'),
        minutes: window(5),
      })
      .prefault({})
      .describe('Somebody is near a limit of `rate-limit-inbound`.'),
    connection: z
      .strictObject({
        enabled: switchOff('Whether it is looked at.'),
        expiresWithinHours: z
          .number()
          .positive()
          .default(72)
          .describe('Fires when a connection that cannot renew itself ends within this time. Hours.'),
      })
      .prefault({})
      .describe('A connection to an upstream ends soon, or its owner has to connect again.'),
    definition: z
      .strictObject({
        enabled: switchOff('Whether it is looked at.'),
        minutes: z.number().min(1).default(60).describe('Resolved after this time without another change. Minutes.'),
      })
      .prefault({})
      .describe('A tool, prompt or resource is not as it is pinned, or its texts look hostile.'),
  })
  .prefault({})
  .describe('What the gateway tells its operators by itself.')
