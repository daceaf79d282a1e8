import { equalSettings } from './equal-settings.ts'
import type { Problem, Project } from './project.ts'

/** Settings that are read once, when the process starts. */
const fixedSettings = [
  'publicUrl',
  'basePath',
  'listen',
  'workers',
  'storage',
  'vault',
  'events',
  'audit',
  'telemetry',
  'exports',
] as const

/** Those of `admin`: who may do what there can change at any time. */
const fixedAdminSettings = ['enabled', 'listen', 'publicUrl'] as const

/** A problem for each setting that cannot change while a gateway runs: swapping such a project in would do half of what it says. */
export function findFixedSettings(started: Project, reloaded: Project): Problem[] {
  const [before, after] = [started.settings, reloaded.settings]
  const fixed = (name: (typeof fixedAdminSettings)[number]) => !equalSettings(before.admin[name], after.admin[name])
  const changed = [
    ...fixedSettings.filter((name) => !equalSettings(before[name], after[name])),
    ...fixedAdminSettings.filter(fixed).map((name) => `admin.${name}`),
  ]
  return changed.map((name) => ({
    severity: 'error',
    file: 'sallyport.jsonc',
    line: 1,
    column: 1,
    path: name,
    message: `"${name}" cannot change while the gateway runs`,
    remedy: 'Restart the gateway; nobody is signed out.',
  }))
}
