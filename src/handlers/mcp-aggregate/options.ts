import { z } from 'zod'
import { memberNamePattern } from '../../mcp/aggregate/member-names.ts'

const exposedName = z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'must be 1 to 64 of A-Z a-z 0-9 _ . -')

const names = (what: string) =>
  z
    .record(exposedName, z.string().min(1))
    .optional()
    .describe(`With \`names\` "map": the ${what} that are shown, as clients call them, and what the member calls them.`)

const member = z.strictObject({
  route: z.string().describe('operationId of the route that answers for this member.'),
  tools: names('tools'),
  prompts: names('prompts'),
})

/** Options of McpAggregateHandler. */
export const mcpAggregateOptions = z
  .strictObject({
    members: z
      .record(
        z.string().regex(memberNamePattern, 'must be 1 to 20 of a-z 0-9 -, with a letter first'),
        member.describe('One member.'),
      )
      .refine((members) => Object.keys(members).length > 0, 'must name a member')
      .describe('The members by name, in the order in which lists show them.'),
    names: z
      .enum(['prefix', 'map'])
      .default('prefix')
      .describe(
        'What clients call tools and prompts. `prefix`: `<member>_<name>`, always; `map`: as `tools` and `prompts` of each member say, and nothing else is shown.',
      ),
    memberSeconds: z
      .number()
      .positive()
      .max(60)
      .default(5)
      .describe('How long a list or handshake waits for a member. Calls have the limits of their own route.'),
    discovery: z
      .enum(['list', 'search'])
      .default('list')
      .describe('`list`: every tool is listed; `search`: `search_tools` and `call_tool` stand for all of them.'),
    alwaysListed: z
      .array(exposedName)
      .default([])
      .describe('With `discovery` "search": names of tools that are listed all the same, as clients call them.'),
  })
  .superRefine((options, context) => {
    for (const name of options.discovery === 'search' ? ['search', 'call'] : []) {
      if (!Object.hasOwn(options.members, name)) continue
      const message = 'could hide `search_tools` or `call_tool`: choose another name'
      context.addIssue({ code: 'custom', path: ['members', name], message })
    }
    const taken = { tools: new Set(['search_tools', 'call_tool']), prompts: new Set<string>() }
    for (const [name, { tools, prompts }] of Object.entries(options.members)) {
      for (const [kind, map] of Object.entries({ tools, prompts }) as ['tools' | 'prompts', typeof tools][]) {
        const path = ['members', name, kind]
        if (map && options.names === 'prefix') {
          context.addIssue({ code: 'custom', path, message: 'is for `names` "map"' })
        }
        for (const exposed of Object.keys(map ?? {})) {
          if (taken[kind].has(exposed)) {
            context.addIssue({ code: 'custom', path: [...path, exposed], message: 'is the name of another one' })
          }
          taken[kind].add(exposed)
        }
      }
    }
  })

export type McpAggregateOptions = z.output<typeof mcpAggregateOptions>
