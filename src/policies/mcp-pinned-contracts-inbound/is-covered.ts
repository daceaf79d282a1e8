import type { DefinitionList, PinnedDefinition, ServerPins } from '../../contracts/pinned-definitions.ts'
import { objectMember, stringMember } from '../../lib/json.ts'
import { isPlainUri, matchesUriTemplate, parseUriTemplate } from '../../mcp/uri-template.ts'

/**
 * Whether pins of something else stand for a resource that is not pinned itself: a template that its URI is made of, or a tool whose app
 * it is (MCP Apps), as servers need not list those.
 */
export function isCovered(list: DefinitionList, name: string, pins: ServerPins | undefined): boolean {
  if (list !== 'resources' || pins === undefined || !isPlainUri(name)) return false
  if (name.startsWith('ui://')) return [...pins.tools.values()].some((tool) => appOf(tool) === name)
  return [...pins.resourceTemplates.keys()].some((text) => {
    const template = parseUriTemplate(text)
    return template !== undefined && matchesUriTemplate(template, name)
  })
}

/** `_meta.ui.resourceUri`, or its older flat spelling. */
function appOf({ definition }: PinnedDefinition): string | undefined {
  const meta = objectMember(definition, '_meta')
  const ui = meta && objectMember(meta, 'ui')
  return (ui && stringMember(ui, 'resourceUri')) ?? (meta && stringMember(meta, 'ui/resourceUri'))
}
