import { diffTexts } from '../config/edit/diff-texts.ts'
import { maskBoth } from '../config/edit/mask-secrets.ts'
import type { ConfigPlan } from '../config/edit/project-editor.ts'
import { describeProblem } from './answers/project.ts'
import { projectTypes } from './project-editor-of.ts'

/** A plan as the console is told of it: no secret that stands in a file is in it. */
export async function describePlan({ present, edited, problems, needsRestart, isValid }: ConfigPlan) {
  const { version, texts, readOnly } = present
  return {
    version,
    changes: await describeChanges([...edited].map(([file, after]) => [file, texts.get(file) ?? null, after])),
    ok: isValid && readOnly === undefined,
    problems: problems.map(describeProblem),
    needsRestart: [...needsRestart],
    readOnly: readOnly ?? null,
  }
}

/** Diffs of files, secrets masked on both sides. */
export async function describeChanges(
  changed: readonly (readonly [file: string, before: string | null, after: string | null])[],
) {
  return Promise.all(
    changed.map(async ([file, ...texts]) => diffTexts(file, ...(await maskBoth(file, texts, projectTypes)))),
  )
}
