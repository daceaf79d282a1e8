import { z } from 'zod'

const behaviours = ['allow', 'warn', 'block'] as const

/** Options of `mcp-pinned-contracts-inbound`. */
export const pinnedContractsOptions = z.strictObject({
  onChange: z
    .enum(behaviours)
    .default('block')
    .describe(
      'What happens to a capability that is not as it is pinned: `block` hides it and refuses calls until it is pinned anew, `warn` writes to the log. An event is recorded in every case.',
    ),
  onNew: z
    .enum(behaviours)
    .default('warn')
    .describe('The same for a capability that is not pinned. `block` offers only what is pinned.'),
  onSuspicious: z
    .enum(['warn', 'block'])
    .default('warn')
    .describe(
      'What happens to a capability whose texts hold hidden characters or instructions to the model, unless it is pinned as it is.',
    ),
  lists: z
    .array(z.enum(['tools', 'prompts', 'resources', 'resourceTemplates', 'instructions']))
    .min(1)
    .default(['tools', 'prompts', 'resources', 'resourceTemplates', 'instructions'])
    .describe(
      'What is compared; `instructions` are what the server says to the model in its handshake. Leave out `resources` where they come and go.',
    ),
})

export type PinnedContractsOptions = z.output<typeof pinnedContractsOptions>
