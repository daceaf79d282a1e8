import { z } from 'zod'

const names = (description: string) => z.array(z.string().min(1)).default([]).describe(description)

const holders = (what: string) =>
  z
    .strictObject({
      emails: names('Verified e-mail addresses; upper and lower case are the same.'),
      subjects: names('Subjects, as events name them: `issuer|identifier`, or the name typed at dev login.'),
      groups: names('Groups, as the identity provider names them.'),
      roles: names('Roles, as the identity provider names them.'),
    })
    .prefault({})
    .describe(what)

/** `admin`: the listener of the console and the admin API, and who may sign in there. */
export const adminSettings = z
  .strictObject({
    enabled: z.boolean().default(true).describe('Whether there is a console, an admin API, health and metrics.'),
    listen: z
      .strictObject({
        host: z.string().default('127.0.0.1').describe('Address to listen on.'),
        port: z
          .int()
          .min(0)
          .max(65535)
          .default(9100)
          .describe('Port to listen on; 0 picks a free one. In `dev` the next free one is taken if it is in use.'),
      })
      .prefault({})
      .describe('Listener of the console, the admin API, /healthz, /readyz and /metrics.'),
    publicUrl: z
      .url({ protocol: /^https?$/ })
      .refine((url) => URL.parse(url)?.pathname === '/' && !/[?#@]/.test(url), 'must be an origin without a path')
      .optional()
      .describe('Origin that browsers see. Absent: the listener. Away from this machine it must be https.'),
    roles: z
      .strictObject({
        viewer: holders('See everything except secrets.'),
        editor: holders(
          'Besides, change the configuration, make and revoke keys, clients and grants, remove connections.',
        ),
        owner: holders('Besides, whatever hands out access to the gateway as a whole.'),
      })
      .prefault({})
      .describe(
        'Who may use the console. Nobody is listed at first: the one-time link of `sallyport console` always works.',
      ),
    readOnly: z
      .boolean()
      .default(false)
      .describe(
        'The files of the project are kept elsewhere, e.g. in Git: the console shows what to change and writes nothing.',
      ),
    allowedUpstreamHosts: z
      .array(
        z
          .string()
          .regex(/^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:\d+)?$/, 'must be a host name without scheme and path'),
      )
      .default([])
      .describe(
        'Hosts that the wizard may test an upstream on although they are not public, or without https. `dev` allows this machine.',
      ),
    sessionSeconds: z.int().positive().default(28_800).describe('How long somebody stays signed in at most. Seconds.'),
    sessionIdleSeconds: z
      .int()
      .positive()
      .default(3600)
      .describe('How long somebody stays signed in without a request. Seconds.'),
  })
  .prefault({})
  .describe('Console, admin API, health and metrics, on a listener of their own.')

export type AdminSettings = z.output<typeof adminSettings>
