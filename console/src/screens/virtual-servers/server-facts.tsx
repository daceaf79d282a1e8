import { Link } from '@tanstack/react-router'
import type { OperationResult } from '../../../../src/admin/api-types.ts'
import { CopyText } from '../../parts/copy-text.tsx'
import { FactList } from '../../parts/fact-list.tsx'
import { Panel } from '../../parts/panel.tsx'

/** What is known of a virtual server, besides its policies. */
export function ServerFacts({ server }: { readonly server: OperationResult<'getVirtualServer'> }) {
  const { name, path, methods, upstream, tenant, signIn, internal, scopes, pinned, cors, members } = server
  return (
    <Panel title="Details">
      <FactList
        facts={[
          { name: 'Name', value: <CopyText text={name} /> },
          { name: 'Path', value: <CopyText text={path} /> },
          { name: 'Methods', value: methods.join(', ').toUpperCase() },
          {
            name: 'Upstream',
            value:
              upstream.id === null ? (
                <CopyText text={upstream.url} />
              ) : (
                <Link to="/upstreams" search={{ id: upstream.id }}>
                  {upstream.url}
                </Link>
              ),
          },
          { name: 'Credential', value: upstream.credentialMode ?? 'None brokered' },
          { name: 'People sign in', value: signIn ? 'Yes, through this gateway' : 'No' },
          { name: 'Reached by', value: internal ? 'Other virtual servers only' : 'Clients' },
          { name: 'Tenant', value: tenant ?? 'Every one' },
          { name: 'Scopes', value: scopes.join(' ') },
          { name: 'Definitions', value: pinned ? 'Pinned: what changed is withheld' : 'As the upstream lists them' },
          { name: 'CORS', value: cors },
          {
            name: 'Members',
            value:
              members.length > 0 &&
              members.map(({ name: member, route }) => (
                <Link key={member} to="/virtual-servers/$name" params={{ name: route }} style={{ marginInlineEnd: 10 }}>
                  {member}
                </Link>
              )),
          },
        ]}
      />
    </Panel>
  )
}
