import { useAdmin } from '../../api/use-admin.ts'
import type { ItemOf } from '../../api/use-admin-pages.ts'
import { LazyEditor } from '../../parts/editor/lazy-editor.tsx'
import { Note } from '../../parts/note.tsx'
import type { Problem } from '../../parts/problem-list.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import type { Drafts } from './use-drafts.ts'

interface FileEditorProps {
  readonly file: ItemOf<'listConfigFiles'>
  readonly drafts: Drafts
  readonly problems: readonly Problem[]
  readonly mayEdit: boolean
}

/** One file in the editor. Secrets that stand in it are masked, and kept where the mask is left. */
export function FileEditor({ file, drafts, problems, mayEdit }: FileEditorProps) {
  const { file: name, schema, language, writable } = file
  const read = useAdmin('getConfigFile', { query: { file: name } })
  // What the editor offers is JSON.
  const isHelped = schema !== null && language === 'jsonc'
  const described = useAdmin('getConfigSchema', { params: { name: schema ?? 'project' } }, { enabled: isHelped })
  if (read.error && !read.data) {
    return <StateMessage kind="error" error={read.error} onRetry={() => void read.refetch()} />
  }
  if (read.data?.file !== name) return <StateMessage kind="loading" title={`Reading ${name}`} />
  const { text, version, secrets } = read.data
  return (
    <>
      {secrets > 0 && (
        <Note tone="attention" title={`${secrets} values and comments are masked`}>
          Leave <code>[secret 1]</code> and the like where they are to keep them; better, move secrets to variables.
        </Note>
      )}
      <LazyEditor
        label={`Text of ${name}`}
        language={language}
        value={drafts.textOf(name) ?? text}
        schema={isHelped ? described.data : undefined}
        problems={problems.filter((problem) => problem.file === name)}
        {...(mayEdit && writable && { onChange: (next: string) => drafts.write(name, version, next, text) })}
      />
    </>
  )
}
