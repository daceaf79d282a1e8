import type { ProjectSources } from './load-project.ts'

const mentions = /\$env\(\s*([A-Za-z_]\w*)\s*\)|\$\{\s*env\.([A-Za-z_]\w*)\s*\}/g

/** The environment variables that project files name, with their values: what is shown of a project has the names in their place. */
export function readMentionedVariables({
  settings,
  policies,
  routes,
  environment,
}: Pick<ProjectSources, 'settings' | 'policies' | 'routes' | 'environment'>): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  for (const { value } of [settings, policies, ...routes]) {
    for (const [, inOption, inUrl] of (JSON.stringify(value) ?? '').matchAll(mentions)) {
      const name = inOption ?? inUrl ?? ''
      const text = Object.hasOwn(environment, name) ? environment[name] : undefined
      if (text !== undefined && text !== '') found.set(name, text)
    }
  }
  return found
}
