import type { ServerScopes, SignInSettings } from '../../contracts/virtual-server.ts'
import { foldCase } from '../../lib/fold-case.ts'
import { compileNames } from '../../lib/name-matcher.ts'

/** The scopes that calling a tool needs besides those of its virtual server; undefined: none. */
export type ToolScopes = (tool: string) => readonly string[] | undefined

/** One look-up per virtual server whose tools need scopes of their own, by its name. */
export function compileToolScopes(scopes: SignInSettings['scopes']): ReadonlyMap<string, ToolScopes> {
  const servers = Object.entries(scopes ?? {}).filter(([, { tools }]) => Object.keys(tools).length > 0)
  return new Map(servers.map(([name, { tools }]) => [name, compileServer(tools)]))
}

/** Every entry that fits a tool counts. */
function compileServer(tools: ServerScopes['tools']): ToolScopes {
  const entries = Object.entries(tools).map(([pattern, needed]) => ({
    matches: compileNames([canonicalName(pattern)]),
    needed,
  }))
  return (tool) => {
    const name = canonicalName(tool)
    const fitting = entries.filter(({ matches }) => matches(name))
    return fitting.length === 0 ? undefined : fitting.flatMap(({ needed }) => needed)
  }
}

/** An upstream may be lenient about case, spaces and forms of letters: a name it would take for the tool needs its scopes. */
function canonicalName(name: string): string {
  return foldCase(name.normalize('NFKC')).trim()
}
