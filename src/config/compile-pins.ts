import { type Pins, pinsFileSchema, readPins } from '../mcp/definitions/pins-file.ts'
import { checkShape } from './check-shape.ts'
import type { ProblemList } from './problem-list.ts'
import type { RouteSpec } from './project.ts'
import type { SourceDocument } from './source-document.ts'

/** What the lock file pins. */
export function compilePins(document: SourceDocument, problems: ProblemList): Pins {
  const { value } = document
  const parsed = value === undefined ? undefined : checkShape(pinsFileSchema, { document, path: [], value, problems })
  return parsed ? readPins(parsed) : new Map()
}

/** Warns about servers that compare with pins and have none, and about pins that nothing compares. */
export function checkPins(
  pins: Pins,
  routes: readonly RouteSpec[],
  document: SourceDocument,
  problems: ProblemList,
): void {
  // A broken route or file would make what is pinned look forgotten.
  if (problems.hasErrors) return
  const comparing = routes.filter(({ inbound }) => inbound.some(({ type }) => type.comparesPins))
  for (const { operationId } of comparing) {
    if (pins.has(operationId)) continue
    const remedy = `Let a client list it once, then run \`sallyport pins update ${operationId}\`.`
    problems.warning(document, [], `nothing is pinned of "${operationId}", which compares with pins`, remedy)
  }
  for (const [index, server] of [...pins.keys()].entries()) {
    if (comparing.some(({ operationId }) => operationId === server)) continue
    problems.warning(document, ['servers', index, 'server'], `no route compares what is pinned of "${server}"`)
  }
}
