import { diffTexts } from '../config/edit/diff-texts.ts'
import { maskBoth } from '../config/edit/mask-secrets.ts'
import type { ConfigPlan } from '../config/edit/project-editor.ts'
import type { Project } from '../config/project.ts'
import { describeProblem } from './answers/project.ts'
import { listOwnerChanges } from './find-owner-changes.ts'
import type { ChangeSource } from './find-secret-changes.ts'
import { projectTypes } from './project-editor-of.ts'

/** A plan as the console is told of it: no secret that stands in a file is in it. */
export async function describePlan(plan: ConfigPlan, before: Project, source: ChangeSource) {
  const { present, problems, needsRestart, isValid } = plan
  const { version, readOnly } = present
  return {
    version,
    changes: await describeEdits(plan),
    ok: isValid && readOnly === undefined,
    problems: problems.map(describeProblem),
    needsOwner: describeOwnerChanges(plan, before, source),
    needsRestart: [...needsRestart],
    readOnly: readOnly ?? null,
  }
}

/** What of a plan only an owner may apply. `before`: what runs. */
export function describeOwnerChanges({ compiled }: ConfigPlan, before: Project, source: ChangeSource) {
  const changes = 'project' in compiled ? listOwnerChanges(before, compiled.project, source) : []
  return changes.map(({ hosts, ...change }) => ({ ...change, hosts: [...hosts] }))
}

/** What a plan would write, secrets masked. */
export function describeEdits({ present: { texts }, edited }: ConfigPlan) {
  return describeChanges([...edited].map(([file, after]) => [file, texts.get(file) ?? null, after]))
}

/** Diffs of files, secrets masked on both sides. */
export async function describeChanges(
  changed: readonly (readonly [file: string, before: string | null, after: string | null])[],
) {
  return Promise.all(
    changed.map(async ([file, ...texts]) => diffTexts(file, ...(await maskBoth(file, texts, projectTypes)))),
  )
}
