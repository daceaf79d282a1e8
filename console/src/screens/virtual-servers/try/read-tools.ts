import type { JsonSchema } from '../../../parts/editor/json-schema.ts'
import { isRecord } from '../../../parts/schema-form/form-values.ts'

/** One tool of a `tools/list` result. */
export interface Tool {
  readonly name: string
  readonly title: string | undefined
  readonly description: string | undefined
  readonly inputSchema: JsonSchema
  /** `annotations.destructiveHint`: it says of itself that it may destroy. */
  readonly isDestructive: boolean
}

/** The tools of a result; what is not one is left out. */
export function readTools(result: unknown): readonly Tool[] {
  const tools = isRecord(result) ? result['tools'] : undefined
  return Array.isArray(tools) ? tools.flatMap((tool) => readTool(tool)) : []
}

function readTool(tool: unknown): readonly Tool[] {
  if (!isRecord(tool)) return []
  const { name, title, description, inputSchema, annotations } = tool
  if (typeof name !== 'string') return []
  return [
    {
      name,
      title: typeof title === 'string' ? title : undefined,
      description: typeof description === 'string' ? description : undefined,
      inputSchema: isRecord(inputSchema) ? inputSchema : {},
      isDestructive: isRecord(annotations) && annotations['destructiveHint'] === true,
    },
  ]
}
