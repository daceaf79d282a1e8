import { Radio, Stack, TagsInput, TextInput } from '@mantine/core'
import styles from './credential-step.module.css'
import { StepActions } from './step-actions.tsx'
import type { StepProps, UpstreamMode } from './wizard-draft.ts'

const modes: readonly { readonly mode: UpstreamMode; readonly label: string; readonly what: string }[] = [
  {
    mode: 'user-oauth',
    label: 'Each person’s own account',
    what: 'Everybody connects their account once; the upstream sees who calls. The safest where it is offered.',
  },
  {
    mode: 'shared-oauth',
    label: 'One account for everybody',
    what: 'An administrator connects an account made for it. The upstream sees that account alone.',
  },
  {
    mode: 'user-api-key',
    label: 'Each person’s own key',
    what: 'Everybody enters a key of theirs once; it is sealed in the vault.',
  },
  {
    mode: 'shared-api-key',
    label: 'One key for everybody',
    what: 'From a variable of the gateway, or entered once by an administrator and sealed in the vault.',
  },
  { mode: 'none', label: 'None', what: 'The upstream is open to whoever reaches it.' },
]

/** Whose credential the upstream sees. */
export function CredentialStep({ draft, update, onNext }: StepProps) {
  const { credential, test, catalogItem } = draft
  const likely = test?.auth.modes.length ? test.auth.modes : (catalogItem?.modes ?? [])
  const set = (change: Partial<typeof credential>) => update({ credential: { ...credential, ...change } })
  return (
    <>
      <Radio.Group
        aria-label="Whose credential the upstream sees"
        value={credential.mode}
        onChange={(mode) => update({ credential: { mode: mode } })}
      >
        <Stack gap="xs">
          {modes.map(({ mode, label, what }) => (
            <Radio.Card key={mode} value={mode} className={styles['card'] ?? ''}>
              <Radio.Indicator />
              <span>
                <strong>{label}</strong>
                {likely[0] === mode && <span className={styles['hint']}>Recommended here</span>}
                {likely.length > 0 && !likely.includes(mode) && <span className="soft"> (not known to work here)</span>}
                <span className={styles['what']}>{what}</span>
              </span>
            </Radio.Card>
          ))}
        </Stack>
      </Radio.Group>
      {credential.mode.endsWith('oauth') && (
        <OAuthFields
          credential={credential}
          set={set}
          byHand={test?.auth.registration?.dynamic === false && !test.auth.registration.documents}
          known={test?.auth.scopes ?? []}
        />
      )}
      {credential.mode.endsWith('api-key') && <KeyFields credential={credential} set={set} />}
      <StepActions onNext={onNext} />
    </>
  )
}

type Credential = StepProps['draft']['credential']

interface FieldsProps {
  readonly credential: Credential
  readonly set: (change: Partial<Credential>) => void
}

function OAuthFields(props: FieldsProps & { readonly byHand: boolean; readonly known: readonly string[] }) {
  const { credential, set, byHand, known } = props
  return (
    <Stack mt="md" maw={560}>
      <TagsInput
        label="Scopes"
        description="Asked for when people connect. Empty: what the upstream suggests."
        data={[...known]}
        value={credential.scopes ?? []}
        onChange={(scopes) => set({ scopes })}
      />
      <TextInput
        label="Variable with the client id"
        description={
          byHand
            ? 'This upstream registers nobody by itself: register a client there first.'
            : 'Only if you registered a client there yourself. Empty: the gateway registers.'
        }
        placeholder="LINEAR_CLIENT_ID"
        value={credential.clientIdEnv ?? ''}
        onChange={(event) => set(variable('clientIdEnv', event.currentTarget.value))}
      />
      {credential.clientIdEnv && (
        <TextInput
          label="Variable with the client secret"
          placeholder="LINEAR_CLIENT_SECRET"
          value={credential.clientSecretEnv ?? ''}
          onChange={(event) => set(variable('clientSecretEnv', event.currentTarget.value))}
        />
      )}
    </Stack>
  )
}

function KeyFields({ credential, set }: FieldsProps) {
  return (
    <Stack mt="md" maw={560}>
      <TextInput
        label="Header that carries the key"
        placeholder="authorization"
        value={credential.apiKeyHeader ?? ''}
        onChange={(event) => set(variable('apiKeyHeader', event.currentTarget.value))}
      />
      <TextInput
        label="Before the key"
        placeholder="Bearer"
        value={credential.apiKeyScheme ?? ''}
        onChange={(event) => set(variable('apiKeyScheme', event.currentTarget.value))}
      />
      {credential.mode === 'shared-api-key' && (
        <TextInput
          label="Variable with the key"
          description="Empty: an administrator enters the key afterwards, and it is sealed in the vault."
          placeholder="UPSTREAM_API_KEY"
          value={credential.apiKeyEnv ?? ''}
          onChange={(event) => set(variable('apiKeyEnv', event.currentTarget.value))}
        />
      )}
    </Stack>
  )
}

/** A member of the credential; what is empty counts as not written, which the API takes as absent. */
function variable(name: keyof Credential, value: string): Partial<Credential> {
  return { [name]: value === '' ? undefined : value }
}
