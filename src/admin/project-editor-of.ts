import { createProjectEditor, type ProjectEditor } from '../config/edit/project-editor.ts'
import { handlerTypes } from '../handlers/index.ts'
import { policyTypes } from '../policies/index.ts'
import type { AdminHost } from './admin-host.ts'

const editors = new WeakMap<AdminHost, ProjectEditor>()

/** The kinds of policies and handlers that projects are compiled with. */
export const projectTypes = { policyTypes, handlerTypes }

/** The editor of the project that a gateway runs; one for each, since edits go one after the other. */
export function projectEditorOf(host: AdminHost): ProjectEditor {
  const known = editors.get(host)
  if (known !== undefined) return known
  const { project, reload, configHistory: history } = host
  const { directory } = project()
  const editor = createProjectEditor({ directory, project, reload, history, types: projectTypes })
  editors.set(host, editor)
  return editor
}
