import { z } from 'zod'
import { Secret } from '../../lib/secret.ts'

const variableName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')

// A NUL ends an argument, a variable or a path early, wherever it is passed to the system.
const text = z.string().refine((value) => !value.includes('\0'), 'must not contain NUL')

/** Options of McpStdioHandler. Nothing of a request ever gets into them. */
export const mcpStdioOptions = z.strictObject({
  command: text
    .min(1)
    .refine((value) => !value.startsWith('-'), 'must not begin with a hyphen')
    .describe('The program: a name that is looked up in PATH, or a path that starts from `cwd`. No shell reads it.'),
  args: z.array(text).default([]).describe('Its arguments, each as it is: no shell reads them.'),
  env: z
    .record(
      variableName,
      text.transform((value) => new Secret(value)),
    )
    .default({})
    .describe('Environment variables for it. Write secrets as `$env(NAME)`.'),
  inheritEnv: z
    .array(variableName)
    .default([])
    .describe(
      'Variables of the gateway that it inherits besides PATH, HOME, LANG and TMPDIR; those that are not set are left out.',
    ),
  cwd: text.min(1).default('.').describe('Directory it runs in; a relative one starts from the project.'),
  processes: z
    .enum(['per-subject', 'shared'])
    .default('per-subject')
    .describe(
      '`per-subject`: each person has a process of their own; `shared`: all have the same, for servers that keep nothing of anybody.',
    ),
  protocol: z
    .enum(['auto', 'modern', 'legacy'])
    .default('auto')
    .describe(
      'Era that is spoken with the program. `auto`: 2026-07-28 with clients of it, if the program answers `server/discover`; `modern`: always 2026-07-28; `legacy`: always 2025-11-25 or older.',
    ),
  maxProcesses: z
    .int()
    .min(1)
    .max(10_000)
    .default(20)
    .describe('Most processes of this route at a time. When they are all busy, callers are told to try again later.'),
  idleStopSeconds: z
    .int()
    .min(1)
    .max(7 * 24 * 60 * 60)
    .default(10 * 60)
    .describe('A process that nobody called for this long is ended.'),
  startTimeoutSeconds: z
    .int()
    .min(1)
    .max(10 * 60)
    .default(60)
    .describe('Time until it answers the first message. Programs that are downloaded when they start need some.'),
})

export type McpStdioOptions = z.output<typeof mcpStdioOptions>

/** Variables of the gateway that every program gets: what it needs to be found, to speak and to put files somewhere. */
export const alwaysInherited: readonly string[] = ['PATH', 'HOME', 'LANG', 'TMPDIR']
