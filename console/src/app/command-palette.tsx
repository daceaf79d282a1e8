import { Spotlight, type SpotlightActionGroupData } from '@mantine/spotlight'
import { useNavigate } from '@tanstack/react-router'
import { useMemo } from 'react'
import { useAdmin } from '../api/use-admin.ts'
import { Icon } from '../parts/icon.tsx'
import { navigationEntries } from './navigation.ts'
import { useMay } from './session.tsx'

/** Jumps to every screen, virtual server and upstream by a few letters. */
export function CommandPalette() {
  const navigate = useNavigate()
  const mayEdit = useMay('editor')
  const servers = useAdmin('listVirtualServers', {})
  const upstreams = useAdmin('listUpstreams', {})
  const actions = useMemo<SpotlightActionGroupData[]>(() => {
    const screens = navigationEntries.map(({ to, label, summary, icon, key }) => ({
      id: to,
      label,
      description: summary,
      keywords: `g ${key}`,
      leftSection: <Icon name={icon} size={18} />,
      onClick: () => void navigate({ to }),
    }))
    const newServer = {
      id: 'new-virtual-server',
      label: 'New virtual server',
      description: 'From the catalogue, or from a URL',
      leftSection: <Icon name="plus" size={18} />,
      onClick: () => void navigate({ to: '/new-virtual-server' }),
    }
    return [
      { group: 'Screens', actions: screens },
      ...(mayEdit ? [{ group: 'Do', actions: [newServer] }] : []),
      {
        group: 'Virtual servers',
        actions: (servers.data?.items ?? []).map(({ name, title, path }) => ({
          id: `server:${name}`,
          label: title || name,
          description: path,
          keywords: name,
          leftSection: <Icon name="servers" size={18} />,
          onClick: () => void navigate({ to: '/virtual-servers/$name', params: { name } }),
        })),
      },
      {
        group: 'Upstreams',
        actions: (upstreams.data?.items ?? []).map(({ id, displayName, host }) => ({
          id: `upstream:${id}`,
          label: displayName,
          description: host,
          leftSection: <Icon name="upstreams" size={18} />,
          onClick: () => void navigate({ to: '/upstreams', search: { id } }),
        })),
      },
    ]
  }, [navigate, mayEdit, servers.data, upstreams.data])
  return (
    <Spotlight
      actions={actions}
      shortcut={['mod + K', '/']}
      nothingFound="Nothing has that name."
      highlightQuery
      scrollable
      maxHeight={420}
      searchProps={{
        leftSection: <Icon name="search" />,
        placeholder: 'Search screens, virtual servers, upstreams',
        'aria-label': 'Search screens, virtual servers, upstreams',
      }}
    />
  )
}
