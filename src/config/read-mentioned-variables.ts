import type { ProjectSources } from './load-project.ts'

const mentions = /\$env\(\s*([A-Za-z_]\w*)\s*\)|\$\{\s*env\.\s*([A-Za-z_]\w*)\s*\}/g

/** The environment variables that project files name, with their values: what is shown of a project has the names in their place. */
export function readMentionedVariables({
  settings,
  policies,
  routes,
  environment,
}: Pick<ProjectSources, 'settings' | 'policies' | 'routes' | 'environment'>): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const { value } of [settings, policies, ...routes]) {
    for (const [, inOption, inUrl] of listTexts(value).flatMap((text) => [...text.matchAll(mentions)])) {
      const name = inOption ?? inUrl ?? ''
      const text = Object.hasOwn(environment, name) ? environment[name] : undefined
      if (text !== undefined && text !== '') found.set(name, text)
    }
  }
  return found
}

/** As they are substituted: in JSON a tab around a name would be a backslash and a letter, and the name would go unnoticed. */
function listTexts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => [name, ...listTexts(member)])
}
