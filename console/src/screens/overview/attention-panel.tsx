import { Link } from '@tanstack/react-router'
import { useAdmin } from '../../api/use-admin.ts'
import type { ItemOf } from '../../api/use-admin-pages.ts'
import { readTrafficSearch } from '../../app/search.ts'
import { Icon } from '../../parts/icon.tsx'
import { Panel } from '../../parts/panel.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import { TimeAgo } from '../../parts/time-ago.tsx'
import styles from './attention-panel.module.css'

type Item = ItemOf<'listAttention'>

/** What needs somebody now, worst first. */
export function AttentionPanel() {
  const { data, error, refetch } = useAdmin('listAttention', {}, { refreshMs: 15_000 })
  return (
    <Panel title="Needs attention">
      {error && !data && <StateMessage kind="error" error={error} onRetry={() => void refetch()} />}
      {!data && !error && <StateMessage kind="loading" title="Looking" />}
      {data?.items.length === 0 && (
        <p className={styles['fine']}>
          <Icon name="check" size={16} />
          Nothing needs you.
        </p>
      )}
      {data && data.items.length > 0 && (
        <ul className={styles['list']}>
          {data.items.map((item) => (
            <AttentionItem key={`${item.kind}-${item.subject}-${item.title}`} item={item} />
          ))}
        </ul>
      )}
    </Panel>
  )
}

function AttentionItem({ item }: { readonly item: Item }) {
  const { severity, title, remedy, since, rows, kind, subject } = item
  return (
    <li className={styles['item']} data-severity={severity}>
      <Icon name={severity} size={18} />
      <div>
        <p>
          <strong>{title}</strong>
          {since !== null && (
            <span className="soft">
              {' '}
              <TimeAgo at={since} />
            </span>
          )}
        </p>
        <p className="soft">{remedy}</p>
        <p className={styles['links']}>
          {rows && (
            <Link to="/traffic" search={readTrafficSearch(rows)}>
              Show the exchanges
            </Link>
          )}
          {kind === 'upstream_failing' && subject !== null && <Link to="/upstreams">Upstreams</Link>}
          {(kind === 'connection_reconsent_required' || kind === 'connection_expiring') && (
            <Link to="/upstreams">Connections</Link>
          )}
        </p>
      </div>
    </li>
  )
}
