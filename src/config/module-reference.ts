import type { JsonPath } from './json-path.ts'
import type { ProblemList } from './problem-list.ts'
import type { SourceDocument } from './source-document.ts'

const ours = '$import(sallyport)'

/** True when `module` names the gateway's own handlers and policies; otherwise a problem was reported. */
export function checkModule(module: string, document: SourceDocument, at: JsonPath, problems: ProblemList): boolean {
  if (module === ours) return true
  if (module.startsWith('$import(./')) {
    problems.error(
      document,
      at,
      `modules of your own are not supported yet: ${module}`,
      `They arrive in a later version; write "${ours}".`,
    )
  } else {
    problems.error(document, at, `there is no module ${JSON.stringify(module)}`, `Write "${ours}".`)
  }
  return false
}
