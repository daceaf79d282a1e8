import { z } from 'zod'
import { isGlob } from '../../lib/name-matcher.ts'
import { parseUriTemplate } from '../../mcp/uri-template.ts'

const name = z.string().min(1)
const text = z.string()
const metadata = z.record(z.string(), z.unknown())

const title = text.optional().describe('Shown instead of the upstream title.')
const description = text.optional().describe('Shown instead of the upstream description.')
const displayName = text.optional().describe('Shown instead of the upstream name.')
const mimeType = text.optional().describe('Shown instead of the upstream MIME type.')
const _meta = metadata.optional().describe('Merged into the upstream _meta, member by member; this one wins.')
const annotations = metadata
  .optional()
  .describe('Merged into the upstream annotations, member by member; this one wins.')

const tool = z.union([name, z.strictObject({ name, title, description, annotations, _meta })])
const prompt = z.union([name, z.strictObject({ name, title, description, _meta })])
const resource = z.union([name, z.strictObject({ uri: name, name: displayName, title, description, mimeType, _meta })])
const resourceTemplate = z.union([
  name,
  z.strictObject({ uriTemplate: name, name: displayName, title, description, mimeType, _meta }),
])

const deny = z.strictObject({
  tools: z.array(name).optional().describe('Names of tools to hide; `*` stands for any characters.'),
  prompts: z.array(name).optional().describe('Names of prompts to hide; `*` stands for any characters.'),
  resources: z.array(name).optional().describe('URIs of resources to hide; `*` stands for any characters.'),
  resourceTemplates: z
    .array(name)
    .optional()
    .describe('URI templates to hide, spelled as the upstream spells them; URIs they match cannot be read either.'),
})

/** Options of `mcp-capability-filter-inbound`. A list that is absent passes everything through; an empty one offers nothing. */
export const capabilityFilterOptions = z
  .strictObject({
    tools: z
      .array(tool)
      .optional()
      .describe('Tools to offer: names, `*` globs, or objects that also re-write the entry.'),
    prompts: z
      .array(prompt)
      .optional()
      .describe('Prompts to offer: names, `*` globs, or objects that also re-write the entry.'),
    resources: z
      .array(resource)
      .optional()
      .describe(
        'Resources to offer: URIs, `*` globs, or objects. When present, only these and allowed templates can be read.',
      ),
    resourceTemplates: z
      .array(resourceTemplate)
      .optional()
      .describe('Resource templates to offer, spelled as the upstream spells them. URIs that match one can be read.'),
    deny: deny.optional().describe('What to hide even if a list allows it. Alone: everything is offered except this.'),
  })
  .superRefine((options, context) => {
    for (const list of listNames) reportContradictions(options, list, context)
  })

export type CapabilityFilterOptions = z.output<typeof capabilityFilterOptions>

/** The four lists of the options, which are also the members of the list results that hold the entries. */
export const listNames = ['tools', 'prompts', 'resources', 'resourceTemplates'] as const
export type ListName = (typeof listNames)[number]

/** Member by which an entry of each list is known. */
export const keyOfList = { tools: 'name', prompts: 'name', resources: 'uri', resourceTemplates: 'uriTemplate' } as const

/** An entry of a list, as an object: its key and the members it re-writes. */
export interface ConfiguredEntry {
  readonly key: string
  readonly rewrites: { readonly [member: string]: unknown }
}

/** The entries of one list in one shape, or undefined when the list is absent. */
export function configuredEntries(
  options: CapabilityFilterOptions,
  list: ListName,
): readonly ConfiguredEntry[] | undefined {
  const entries: readonly (string | { readonly [member: string]: unknown })[] | undefined = options[list]
  return entries?.map((entry) => {
    if (typeof entry === 'string') return { key: entry, rewrites: {} }
    const { [keyOfList[list]]: key, ...rewrites } = entry
    return { key: String(key), rewrites }
  })
}

function reportContradictions(options: CapabilityFilterOptions, list: ListName, context: z.RefinementCtx): void {
  const report = (path: readonly (string | number)[], message: string) =>
    context.addIssue({ code: 'custom', path: [...path], message })
  const allowed = new Set<string>()
  for (const [index, { key, rewrites }] of (configuredEntries(options, list) ?? []).entries()) {
    if (allowed.has(key)) report([list, index], `"${key}" is listed twice`)
    allowed.add(key)
    if (list !== 'resourceTemplates' && isGlob(key) && Object.keys(rewrites).length > 0)
      report([list, index], `"${key}" is a glob; an entry that re-writes needs one exact ${keyOfList[list]}`)
    if (list === 'resourceTemplates' && !parseUriTemplate(key))
      report([list, index], `"${key}" is not a URI template (RFC 6570)`)
  }
  const denied = new Set<string>()
  for (const [index, key] of (options.deny?.[list] ?? []).entries()) {
    const path = ['deny', list, index]
    if (denied.has(key)) report(path, `"${key}" is denied twice`)
    denied.add(key)
    if (allowed.has(key)) report(path, `"${key}" is both allowed and denied; remove it from one of the lists`)
    if (list === 'resourceTemplates' && !parseUriTemplate(key))
      report(path, `"${key}" is not a URI template (RFC 6570)`)
  }
}
