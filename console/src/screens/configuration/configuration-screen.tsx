import { Tabs } from '@mantine/core'
import { getRouteApi } from '@tanstack/react-router'
import { useAdmin } from '../../api/use-admin.ts'
import { Note } from '../../parts/note.tsx'
import { ProblemList } from '../../parts/problem-list.tsx'
import { Screen } from '../../parts/screen.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import { FilesTab } from './files-tab.tsx'
import { HistoryTab } from './history-tab.tsx'

const route = getRouteApi('/configuration')

/** The files of the project: read, edit with the schema at hand, see the diff, save, go back. */
export function ConfigurationScreen() {
  const { tab, file } = route.useSearch()
  const navigate = route.useNavigate()
  const files = useAdmin('listConfigFiles', {}, { refreshMs: 20_000 })
  const project = useAdmin('getProject', {}, { refreshMs: 20_000 })
  const failed = project.data?.failedReload
  return (
    <Screen
      title="Configuration"
      summary="The same files that Git and your editor see. Comments stay; what cannot run is not written."
    >
      {typeof files.data?.readOnly === 'string' && (
        <Note tone="accent" title="These files are kept elsewhere">
          {files.data.readOnly} Edit here to see the diff to commit.
        </Note>
      )}
      {failed && (
        <Note tone="bad" title="The last change of the files is not what runs">
          The gateway goes on with the configuration before it.
          <ProblemList problems={failed.problems} />
        </Note>
      )}
      <Tabs
        value={tab ?? 'files'}
        onChange={(next) => void navigate({ search: next === 'history' ? { tab: 'history' } : {} })}
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="files">Files</Tabs.Tab>
          <Tabs.Tab value="history">History</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="files">
          {files.error && !files.data && (
            <StateMessage kind="error" error={files.error} onRetry={() => void files.refetch()} />
          )}
          {files.isPending && <StateMessage kind="loading" title="Reading the project" />}
          {files.data && (
            <FilesTab
              files={files.data.items}
              chosen={file}
              onChoose={(next) => void navigate({ search: { file: next } })}
            />
          )}
        </Tabs.Panel>
        <Tabs.Panel value="history">
          <HistoryTab />
        </Tabs.Panel>
      </Tabs>
    </Screen>
  )
}
