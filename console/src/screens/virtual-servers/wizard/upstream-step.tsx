import { Button, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { type FormEvent, useState } from 'react'
import { useAdmin } from '../../../api/use-admin.ts'
import { Icon } from '../../../parts/icon.tsx'
import { StateMessage } from '../../../parts/state-message.tsx'
import { StatusBadge } from '../../../parts/status-badge.tsx'
import styles from './upstream-step.module.css'
import { type CatalogItem, chooseUpstream, type StepProps } from './wizard-draft.ts'

/** A curated upstream, or the URL of any. */
export function UpstreamStep({ draft, update, onNext }: StepProps) {
  const [url, setUrl] = useState(draft.upstream?.from === 'url' ? draft.upstream.url : '')
  const [written, setWritten] = useState('')
  const [search] = useDebouncedValue(written, 200)
  const catalog = useAdmin('listCatalog', { query: { search: search || undefined } })
  const takeUrl = (event: FormEvent) => {
    event.preventDefault()
    update(chooseUpstream(draft, { upstream: { from: 'url', url }, url }))
    onNext()
  }
  const takeItem = (item: CatalogItem) => {
    const { id, url: known } = item.entry
    update(chooseUpstream(draft, { upstream: { from: 'catalog', id }, url: known, catalogItem: item }))
    onNext()
  }
  return (
    <div className={styles['step']}>
      <form onSubmit={takeUrl} className={styles['url']}>
        <TextInput
          label="URL of an MCP server"
          placeholder="https://mcp.example.com/mcp"
          type="url"
          required
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
        />
        <Button type="submit" size="sm">
          Use this URL
        </Button>
      </form>
      <div className={styles['or']}>
        <h3>Or pick one from the catalogue</h3>
        <TextInput
          aria-label="Search the catalogue"
          placeholder="Linear, documentation, payments…"
          leftSection={<Icon name="search" size={14} />}
          value={written}
          onChange={(event) => setWritten(event.currentTarget.value)}
        />
      </div>
      {catalog.error && <StateMessage kind="error" error={catalog.error} onRetry={() => void catalog.refetch()} />}
      {catalog.isPending && <StateMessage kind="loading" title="Reading the catalogue" />}
      {catalog.data?.items.length === 0 && (
        <StateMessage kind="empty" icon="search" title="The catalogue has none of that name">
          Paste its URL above: every MCP server works.
        </StateMessage>
      )}
      <ul className={styles['catalog']}>
        {catalog.data?.items.map((item) => (
          <li key={item.entry.id}>
            <button type="button" onClick={() => takeItem(item)}>
              <span className={styles['monogram']} aria-hidden="true">
                {item.entry.name.slice(0, 1)}
              </span>
              <span className={styles['text']}>
                <strong>{item.entry.name}</strong>
                <span className="soft">{item.entry.summary}</span>
              </span>
              {item.usedBy.length > 0 && <StatusBadge tone="quiet">In use</StatusBadge>}
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}
