import { z } from 'zod'
import { hasTest, leavesTestsOut } from './find-test-titles.ts'

/** Tests by file, relative to the repository. */
const tests = z.record(z.string(), z.array(z.string()).min(1))

const gap = z.strictObject({
  reason: z.string().describe('Why it is not shown.'),
  notBuilt: z.string().optional().describe('The feature that does not exist yet. Without it, a MUST may not be a gap.'),
  missing: z.string().describe('What is to be done, as one would write it into an issue.'),
  shownBy: tests.describe('The tests that will show it; the gap is closed when they exist.'),
})

const requirement = z.strictObject({
  id: z.string().regex(/^(AS|RS|CL)-\d+\.\d+$/),
  level: z.enum(['MUST', 'SHOULD', 'OURS']),
  spec: z.string().min(3),
  says: z.string().regex(/^[^]+\.$/),
  shown: tests.optional(),
  gap: gap.optional(),
})

/** The file: every requirement with what shows it. */
export const requirementsFile = z.strictObject({ requirements: z.array(requirement) })

export type Requirement = z.infer<typeof requirement>

/** Reads a file of the repository, undefined when there is none. */
export type ReadSource = (path: string) => string | undefined

/** Everything that is wrong, one sentence each; `groups` are the ids that must occur, without the number of the statement. */
export function findProblems(
  requirements: readonly Requirement[],
  groups: readonly string[],
  read: ReadSource,
): readonly string[] {
  return [...checkIds(requirements, groups), ...requirements.flatMap((each) => checkRequirement(each, read))]
}

function checkIds(requirements: readonly Requirement[], groups: readonly string[]): string[] {
  const ids = requirements.map(({ id }) => id)
  const present = new Set(ids.map((id) => id.split('.')[0]))
  return [
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${id} is there twice`),
    ...groups.filter((group) => !present.has(group)).map((group) => `${group} is missing`),
    ...[...present].filter((group) => !groups.includes(group ?? '')).map((group) => `${group} is not known`),
  ]
}

function checkRequirement({ id, level, shown, gap: open }: Requirement, read: ReadSource): string[] {
  if (shown && open) return [`${id} is shown and a gap at once`]
  if (open) {
    if (level === 'MUST' && open.notBuilt === undefined) return [`${id} is a MUST of something that is built: show it`]
    const closed = citations(open.shownBy).filter(([file, name]) => cites(read, file, name))
    return closed.map(([file, name]) => `${id} is no gap any more: ${file} has "${name}"`)
  }
  if (!shown) return [`${id} has neither tests nor a gap`]
  return citations(shown).flatMap(([file, name]) => {
    const source = read(file)
    if (source === undefined) return [`${id} cites ${file}, which does not exist`]
    if (leavesTestsOut(source)) return [`${id} cites ${file}, which leaves tests out: what did not run shows nothing`]
    return cites(read, file, name) ? [] : [`${id} cites a test that ${file} does not have: "${name}"`]
  })
}

function citations(cited: z.infer<typeof tests>): (readonly [file: string, name: string])[] {
  return Object.entries(cited).flatMap(([file, names]) => names.map((name) => [file, name] as const))
}

function cites(read: ReadSource, file: string, name: string): boolean {
  const source = read(file)
  return source !== undefined && hasTest(source, name)
}
