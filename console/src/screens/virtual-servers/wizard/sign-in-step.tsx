import { MultiSelect, Radio, Select, Stack } from '@mantine/core'
import { useAdmin } from '../../../api/use-admin.ts'
import { Note } from '../../../parts/note.tsx'
import { SchemaForm } from '../../../parts/schema-form/schema-form.tsx'
import { StateMessage } from '../../../parts/state-message.tsx'
import { StepActions } from './step-actions.tsx'
import type { SignIn, StepProps } from './wizard-draft.ts'

/** Who may use it: a policy of the project, a new one, or nobody is asked. */
export function SignInStep({ draft, update, onNext }: StepProps) {
  const choices = useAdmin('listSignInChoices', {})
  if (choices.error) return <StateMessage kind="error" error={choices.error} onRetry={() => void choices.refetch()} />
  if (!choices.data) return <StateMessage kind="loading" title="Reading the policies" />
  const { existing, others, types, devLogin } = choices.data
  const first: SignIn = existing[0]
    ? { kind: 'existing', policies: [existing[0].name] }
    : types[0]
      ? { kind: 'new', name: 'sign-in', policyType: types[0].type, options: {} }
      : { kind: 'none' }
  const signIn = draft.signIn ?? first
  const next = () => {
    update({ signIn })
    onNext()
  }
  const choose = (kind: string) => {
    if (kind === 'none') update({ signIn: { kind: 'none' } })
    else if (kind === 'existing' && existing[0]) update({ signIn: { kind: 'existing', policies: [existing[0].name] } })
    else if (types[0]) update({ signIn: { kind: 'new', name: 'sign-in', policyType: types[0].type, options: {} } })
  }
  return (
    <>
      <Radio.Group aria-label="Who may use it" value={signIn.kind} onChange={choose}>
        <Stack gap="sm">
          {existing.length > 0 && (
            <Radio
              value="existing"
              label="Who the project lets in"
              description="One of its policies that say who calls."
            />
          )}
          {types.length > 0 && (
            <Radio value="new" label="People who sign in at an identity provider" description="A new sign-in policy." />
          )}
          <Radio value="none" label="Everybody who reaches the URL" description="Nobody is asked who they are." />
        </Stack>
      </Radio.Group>
      <Stack mt="md" maw={560}>
        {signIn.kind === 'existing' && (
          <MultiSelect
            label="Policies"
            data={existing.map(({ name, type }) => ({ value: name, label: `${name} (${type})` }))}
            value={signIn.policies}
            onChange={(policies) => update({ signIn: { kind: 'existing', policies } })}
          />
        )}
        {signIn.kind === 'new' && (
          <>
            <Select
              label="Identity provider"
              searchable
              data={types.map(({ type, summary }) => ({ value: type, label: `${type}: ${summary}` }))}
              value={signIn.policyType}
              onChange={(type) => update({ signIn: { ...signIn, policyType: type ?? signIn.policyType, options: {} } })}
            />
            {devLogin && (
              <Note tone="accent" title="While you develop">
                People can sign in by name; no identity provider is needed.
              </Note>
            )}
            <SchemaForm
              key={signIn.policyType}
              label="Options of the policy"
              schema={types.find(({ type }) => type === signIn.policyType)?.schema ?? {}}
              value={signIn.options}
              onChange={(options) => update({ signIn: { ...signIn, options: options as typeof signIn.options } })}
            />
          </>
        )}
        {signIn.kind === 'none' && (
          <Note tone="attention" title="Whoever reaches the URL can use it">
            Right for public documentation, and wrong wherever a credential is presented to the upstream.
          </Note>
        )}
        {others.length > 0 && (
          <MultiSelect
            label="More policies"
            description="They run after the sign-in, in this order."
            data={others.map(({ name, summary }) => ({ value: name, label: `${name}: ${summary}` }))}
            value={[...draft.policies]}
            onChange={(policies) => update({ policies })}
          />
        )}
      </Stack>
      <StepActions onNext={next} disabled={signIn.kind === 'existing' && signIn.policies.length === 0} />
    </>
  )
}
