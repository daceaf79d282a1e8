import { Button, Group, Modal, Select, Stack, TagsInput, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import { useAdmin, useChange } from '../../api/use-admin.ts'
import { CopyText } from '../../parts/copy-text.tsx'
import { ErrorNote } from '../../parts/error-note.tsx'
import { SecretOnce } from '../../parts/secret-once.tsx'

const authentications = [
  { value: 'secret', label: 'A secret, made now' },
  { value: 'none', label: 'Nothing: a public client, with PKCE' },
  { value: 'keys', label: 'Keys of its own, published at a URL' },
]

/** Registers an OAuth client and shows its secret this one time. */
export function CreateClientDialogue({ opened, onClose }: { readonly opened: boolean; readonly onClose: () => void }) {
  const create = useChange('createClient', ['listClients'])
  const close = () => {
    create.reset()
    onClose()
  }
  return (
    <Modal opened={opened} onClose={close} size="lg" title="New client" closeButtonProps={{ 'aria-label': 'Close' }}>
      {create.data ? (
        <Stack>
          <p>
            Client id: <CopyText text={create.data.id} />
          </p>
          {create.data.secret !== null && <SecretOnce what="client secret" secret={create.data.secret} />}
          <Group justify="flex-end">
            <Button onClick={close}>Done</Button>
          </Group>
        </Stack>
      ) : (
        <ClientForm create={create} onCancel={close} />
      )}
    </Modal>
  )
}

interface ClientFormProps {
  readonly create: ReturnType<typeof useChange<'createClient'>>
  readonly onCancel: () => void
}

function ClientForm({ create, onCancel }: ClientFormProps) {
  const servers = useAdmin('listVirtualServers', {})
  const [name, setName] = useState('')
  const [redirectUris, setRedirectUris] = useState<string[]>([])
  const [ownServers, setOwnServers] = useState<string[]>([])
  const [authentication, setAuthentication] = useState<'secret' | 'keys' | 'none'>('secret')
  const [jwksUri, setJwksUri] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    const keys = authentication === 'keys' ? { jwksUri } : {}
    create.mutate({ body: { name, redirectUris, servers: ownServers, authentication, ...keys } })
  }
  return (
    <form onSubmit={submit}>
      <Stack>
        <TextInput
          label="Name"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          required
          data-autofocus
        />
        <Select
          label="Proves itself by"
          data={authentications}
          value={authentication}
          onChange={(value) => setAuthentication(value === 'keys' || value === 'none' ? value : 'secret')}
        />
        {authentication === 'keys' && (
          <TextInput
            label="URL of its public keys (JWKS)"
            type="url"
            value={jwksUri}
            onChange={(event) => setJwksUri(event.currentTarget.value)}
            required
          />
        )}
        <TagsInput
          label="Redirect URIs"
          description="For people to sign in through it. Enter after each."
          value={redirectUris}
          onChange={setRedirectUris}
        />
        <TagsInput
          label="Virtual servers it calls on its own behalf"
          description="Without a person. * is every one."
          data={['*', ...(servers.data?.items.map((server) => server.name) ?? [])]}
          value={ownServers}
          onChange={setOwnServers}
        />
        <ErrorNote error={create.error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button type="submit" loading={create.isPending}>
            Register
          </Button>
        </Group>
      </Stack>
    </form>
  )
}
