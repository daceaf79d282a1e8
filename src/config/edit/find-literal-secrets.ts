import type { core } from 'zod'
import type { HandlerType } from '../../contracts/handler.ts'
import type { PolicyType } from '../../contracts/policy.ts'
import { Secret } from '../../lib/secret.ts'
import { pinsFile } from '../../mcp/definitions/pins-file.ts'
import { isSecretName, scrubText } from '../../telemetry/secret-text.ts'
import { formatPath, type JsonPath } from '../json-path.ts'
import { isRoutesFile, policiesFiles, settingsFile } from '../project-files.ts'
import { settingsSchema } from '../project-schema.ts'
import { routeMember } from '../read-operations.ts'
import { childSchemas } from '../schema-members.ts'
import { listTexts, type PlacedText, type TextValue } from './list-texts.ts'

/** The declarations that say which values are secret. */
export interface SecretDeclarations {
  readonly policyTypes: readonly PolicyType[]
  readonly handlerTypes: readonly HandlerType[]
}

/**
 * The secrets that stand in a file itself, in the order of the file: what a schema declares as secret, what a name says is one, and what looks
 * like one. References to variables are no secrets.
 */
export async function findLiteralSecrets(
  file: string,
  text: string,
  declarations: SecretDeclarations,
): Promise<readonly TextValue[]> {
  return keepSecrets(file, await listTexts(file, text), declarations)
}

/** Those of the texts of a file that are secrets. */
export function keepSecrets<Text extends PlacedText>(
  file: string,
  texts: readonly Text[],
  declarations: SecretDeclarations,
): readonly Text[] {
  const declared = new Set(keepDeclaredSecrets(file, texts, declarations))
  return texts.filter((each) => declared.has(each) || looksSecret(withoutVariables(each.text)))
}

/** Those of the texts of a file that stand where a name or a schema says that a secret stands. */
export function keepDeclaredSecrets<Text extends PlacedText>(
  file: string,
  texts: readonly Text[],
  declarations: SecretDeclarations,
): readonly Text[] {
  const roots = optionRoots(file, texts, declarations)
  return texts.filter(({ path, text }) => {
    if (text === '' || withoutVariables(text) !== text) return false
    const name = path.at(-1)
    // Pins hold definitions of others, whose names mean something else.
    const saysSecret = file !== pinsFile && typeof name === 'string' && isSecretName(name)
    return saysSecret || schemasAt(path, roots).some(isSecretSchema)
  })
}

/** The text without its references to variables, which are no secrets. */
export function withoutVariables(text: string): string {
  return text.replaceAll(/\$env\([^)]*\)|\$\{env\.[^}]*\}/g, '')
}

const longestPart = 8000

/** Something in it looks like a secret, wherever it stands. */
export function looksSecret(text: string): boolean {
  // In parts: what is cut from a long text would look like a difference.
  for (let from = 0; from < text.length; from += longestPart) {
    const part = text.slice(from, from + longestPart)
    if (scrubText(part) !== part) return true
  }
  return false
}

/** Schemas of options by the place where they stand. */
type Roots = ReadonlyMap<string, core.$ZodType>

function optionRoots(file: string, texts: readonly PlacedText[], declarations: SecretDeclarations): Roots {
  if (file === settingsFile) return new Map([['', settingsSchema]])
  const roots = new Map<string, core.$ZodType>()
  for (const { path, text } of texts) {
    const last = path.at(-1)
    if (policiesFiles.includes(file) && last === 'policyType') {
      const type = declarations.policyTypes.find((each) => each.type === text)
      if (type) roots.set(formatPath([...path.slice(0, -1), 'handler', 'options']), type.options)
    }
    if (isRoutesFile(file) && last === 'export' && path.includes(routeMember)) {
      const type = declarations.handlerTypes.find((each) => each.exportName === text)
      if (type) roots.set(formatPath([...path.slice(0, -1), 'options']), type.options)
    }
  }
  return roots
}

function schemasAt(path: JsonPath, roots: Roots): readonly core.$ZodType[] {
  for (let length = path.length; length >= 0; length--) {
    const root = roots.get(formatPath(path.slice(0, length)))
    if (root === undefined) continue
    return path
      .slice(length)
      .reduce((schemas, segment) => schemas.flatMap((each) => childSchemas(each, segment)).flatMap(look), look(root))
  }
  return []
}

/** The schema and every one that it stands for. */
function look(schema: core.$ZodType): readonly core.$ZodType[] {
  const { def } = (schema as core.$ZodTypes)._zod
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
    case 'prefault':
    case 'readonly':
    case 'catch':
      return look(def.innerType)
    case 'pipe':
      return [schema, ...look(def.in), ...look(def.out)]
    case 'lazy':
      return look(def.getter())
    case 'union':
      return def.options.flatMap(look)
    case 'intersection':
      return [...look(def.left), ...look(def.right)]
    default:
      return [schema]
  }
}

/** It makes a `Secret` of a text. */
function isSecretSchema(schema: core.$ZodType): boolean {
  const { def } = (schema as core.$ZodTypes)._zod
  if (def.type !== 'transform') return false
  try {
    const made: unknown = def.transform('text', { value: 'text', issues: [] })
    return made instanceof Secret
  } catch {
    return false
  }
}
