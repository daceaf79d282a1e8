import { type JsonObject, objectMember, stringMember } from '../../lib/json.ts'

// Okapi BM25 with its usual constants.
const saturation = 1.2
const lengthWeight = 0.75

interface Indexed {
  readonly tool: JsonObject
  /** Weighted count of each word. */
  readonly counts: ReadonlyMap<string, number>
  readonly length: number
}

/**
 * The tools that fit `query` best, best first; those that fit equally stay in their order. Names count most, then titles, then descriptions
 * and names of parameters. An empty query fits every tool.
 */
export function rankTools(tools: readonly JsonObject[], query: string, limit: number): readonly JsonObject[] {
  const words = [...new Set(splitWords(query))]
  if (words.length === 0) return tools.slice(0, limit)
  const indexed = tools.map(indexTool)
  const averageLength = indexed.reduce((sum, { length }) => sum + length, 0) / Math.max(indexed.length, 1)
  const rarities = new Map(words.map((word) => [word, rarityOf(word, indexed)]))
  return indexed
    .map((each, position) => ({ ...each, position, score: scoreOf(each, rarities, averageLength) }))
    .filter(({ score }) => score > 0)
    .toSorted((left, right) => right.score - left.score || left.position - right.position)
    .slice(0, limit)
    .map(({ tool }) => tool)
}

function indexTool(tool: JsonObject): Indexed {
  const counts = new Map<string, number>()
  let length = 0
  const add = (text: string | undefined, weight: number) => {
    for (const word of splitWords(text ?? '')) {
      counts.set(word, (counts.get(word) ?? 0) + weight)
      length += weight
    }
  }
  add(stringMember(tool, 'name'), 3)
  add(stringMember(tool, 'title'), 2)
  add(stringMember(tool, 'description')?.slice(0, longestDescription), 1)
  const properties = objectMember(objectMember(tool, 'inputSchema') ?? {}, 'properties') ?? {}
  for (const name of Object.keys(properties)) add(name, 1)
  return { tool, counts, length }
}

const longestDescription = 4_000

function rarityOf(word: string, indexed: readonly Indexed[]): number {
  const having = indexed.filter(({ counts }) => counts.has(word)).length
  return Math.log(1 + (indexed.length - having + 0.5) / (having + 0.5))
}

function scoreOf({ counts, length }: Indexed, rarities: ReadonlyMap<string, number>, averageLength: number): number {
  const norm = saturation * (1 - lengthWeight + lengthWeight * (length / Math.max(averageLength, 1)))
  let score = 0
  for (const [word, rarity] of rarities) {
    const count = counts.get(word) ?? 0
    score += (rarity * count * (saturation + 1)) / (count + norm)
  }
  return score
}

/** Lower-case words; `createIssues` and `create_issue` have the same ones. */
function splitWords(text: string): readonly string[] {
  const words = text
    .normalize('NFKC')
    .replaceAll(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .match(/[\p{L}\p{N}]+/gu)
  return (words ?? []).map((word) => (word.length > 3 && /[^s]s$/.test(word) ? word.slice(0, -1) : word))
}
