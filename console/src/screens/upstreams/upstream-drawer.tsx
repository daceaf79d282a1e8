import { Button } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useChange } from '../../api/use-admin.ts'
import type { ItemOf } from '../../api/use-admin-pages.ts'
import { useMay } from '../../app/session.tsx'
import { CopyText } from '../../parts/copy-text.tsx'
import { DetailsDrawer } from '../../parts/details-drawer.tsx'
import { ErrorNote } from '../../parts/error-note.tsx'
import { FactList } from '../../parts/fact-list.tsx'
import { formatCount, formatMs } from '../../parts/format.ts'
import { Icon } from '../../parts/icon.tsx'
import { RowsLink } from '../../parts/rows-link.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import { TimeAgo } from '../../parts/time-ago.tsx'
import { HealthBadge } from './health-badge.tsx'

type Upstream = ItemOf<'listUpstreams'>

/** One upstream: where it is, how it goes, who uses it, and whether it answers now. */
export function UpstreamDrawer(props: { readonly upstream: Upstream | undefined; readonly onClose: () => void }) {
  const { upstream, onClose } = props
  return (
    <DetailsDrawer opened={upstream !== undefined} onClose={onClose} title={upstream?.displayName}>
      {upstream && <UpstreamDetails key={upstream.id} upstream={upstream} />}
    </DetailsDrawer>
  )
}

function UpstreamDetails({ upstream }: { readonly upstream: Upstream }) {
  const { id, summary, url, host, credentialMode, virtualServers, connections, health } = upstream
  return (
    <>
      {summary && <p className="soft">{summary}</p>}
      <FactList
        facts={[
          { name: 'Health', value: <HealthBadge state={health.state} /> },
          { name: 'Id', value: <CopyText text={id} /> },
          { name: 'URL', value: <CopyText text={url} /> },
          { name: 'Credential', value: credentialMode ?? 'None brokered: the route presents what its policies say.' },
          {
            name: 'Virtual servers',
            value: virtualServers.map((name) => (
              <Link key={name} to="/virtual-servers/$name" params={{ name }} style={{ marginInlineEnd: 10 }}>
                {name}
              </Link>
            )),
          },
          {
            name: `Last ${health.windowMinutes} min`,
            value: (
              <>
                <RowsLink filter={{ upstream: host }}>{formatCount(health.calls)} calls</RowsLink>,{' '}
                <RowsLink filter={{ upstream: host, failureOrigin: 'upstream' }}>
                  {formatCount(health.failures)} failed at the upstream
                </RowsLink>
              </>
            ),
          },
          { name: 'Last success', value: <TimeAgo at={health.lastSuccessAt} /> },
          { name: 'Last failure', value: <TimeAgo at={health.lastFailureAt} /> },
          { name: 'Why', value: health.lastFailureReason && <CopyText text={health.lastFailureReason} /> },
          {
            name: 'Connections',
            value: `${connections.connected} connected, ${connections.reconsentRequired} to connect again`,
          },
        ]}
      />
      <Probe id={id} />
    </>
  )
}

function Probe({ id }: { readonly id: string }) {
  const probe = useChange('probeUpstream', [])
  const mayProbe = useMay('editor')
  const { data } = probe
  if (!mayProbe) return null
  return (
    <section aria-live="polite">
      <Button
        variant="default"
        loading={probe.isPending}
        onClick={() => probe.mutate({ params: { id } })}
        leftSection={<Icon name="play" size={12} />}
      >
        Ask whether it answers
      </Button>
      <ErrorNote error={probe.error} />
      {data && (
        <FactList
          facts={[
            {
              name: 'Reachable',
              value: <StatusBadge tone={data.reachable ? 'good' : 'bad'}>{data.reachable ? 'Yes' : 'No'}</StatusBadge>,
            },
            { name: 'After', value: formatMs(data.latencyMs) },
            { name: 'HTTP status', value: data.httpStatus },
            { name: 'Sign-in', value: data.asksForSignIn ? 'It asks for a credential, as it should.' : null },
            { name: 'Why not', value: data.reason && <CopyText text={data.reason} /> },
          ]}
        />
      )}
    </section>
  )
}
