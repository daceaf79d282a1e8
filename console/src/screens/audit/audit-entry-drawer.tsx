import type { ItemOf } from '../../api/use-admin-pages.ts'
import { CodeBlock } from '../../parts/code-block.tsx'
import { CopyText } from '../../parts/copy-text.tsx'
import { DetailsDrawer } from '../../parts/details-drawer.tsx'
import { FactList } from '../../parts/fact-list.tsx'
import { formatDateTime } from '../../parts/format.ts'

type Entry = ItemOf<'listAudit'>

/** One entry of the trail; of a change, what it was and what it became. */
export function AuditEntryDrawer({
  entry,
  onClose,
}: {
  readonly entry: Entry | undefined
  readonly onClose: () => void
}) {
  return (
    <DetailsDrawer opened={entry !== undefined} onClose={onClose} title={entry && `#${entry.sequence} ${entry.type}`}>
      {entry && <EntryDetails entry={entry} />}
    </DetailsDrawer>
  )
}

function EntryDetails({ entry }: { readonly entry: Entry }) {
  const { before, after, ...others } = entry.fields
  return (
    <>
      <FactList
        facts={[
          { name: 'When', value: formatDateTime(Date.parse(entry.time)) },
          ...Object.entries(others).map(([name, value]) => ({
            name,
            value: typeof value === 'string' ? <CopyText text={value} /> : value !== null && JSON.stringify(value),
          })),
          { name: 'Redacted', value: entry.redacted.join(', ') },
          { name: 'Hash', value: <CopyText text={entry.hash} /> },
        ]}
      />
      {before !== undefined && (
        <section>
          <h3>Before</h3>
          <CodeBlock label="what it was" text={JSON.stringify(before, null, 2)} />
        </section>
      )}
      {after !== undefined && (
        <section>
          <h3>After</h3>
          <CodeBlock label="what it became" text={JSON.stringify(after, null, 2)} />
        </section>
      )}
    </>
  )
}
