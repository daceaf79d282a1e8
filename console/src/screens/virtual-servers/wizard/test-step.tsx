import { Button, Loader } from '@mantine/core'
import { useEffect } from 'react'
import { useChange } from '../../../api/use-admin.ts'
import { FactList } from '../../../parts/fact-list.tsx'
import { formatCounted, formatMs } from '../../../parts/format.ts'
import { Icon } from '../../../parts/icon.tsx'
import { Note } from '../../../parts/note.tsx'
import { StateMessage } from '../../../parts/state-message.tsx'
import { StepActions } from './step-actions.tsx'
import { TestCredential, type TestedCredential } from './test-credential.tsx'
import styles from './test-step.module.css'
import type { StepProps, UpstreamTest } from './wizard-draft.ts'

/** Calls the upstream from the gateway and shows what it speaks, wants and offers. */
export function TestStep({ draft, update, onNext }: StepProps) {
  const { url = '', test } = draft
  const call = useChange('testUpstream', [])
  const run = (credential?: TestedCredential) =>
    call.mutate(
      { body: { url, ...(credential && { credential }) } },
      {
        onSuccess: (result) =>
          update({
            test: result,
            ...(draft.name === '' && { name: result.suggestedName, title: result.server?.title ?? '' }),
            ...(!test && result.auth.modes[0] && { credential: { mode: result.auth.modes[0] } }),
          }),
      },
    )
  useEffect(() => {
    if (!test) run()
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- an upstream is called once by itself, and again when somebody asks
  }, [url])
  return (
    <div aria-live="polite" aria-busy={call.isPending} className={styles['step']}>
      {call.isPending && (
        <p style={{ display: 'flex', alignItems: 'center', gap: 10 }}>
          <Loader size="xs" /> Calling {url}
        </p>
      )}
      {call.error && <StateMessage kind="error" error={call.error} onRetry={() => run()} />}
      {test && !call.isPending && <TestFindings test={test} />}
      {test?.auth.needed && !call.isPending && <TestCredential onTest={run} />}
      <StepActions
        onNext={onNext}
        disabled={!test || call.isPending}
        label={test?.reachable === false ? 'Go on anyway' : 'Continue'}
      >
        <Button
          variant="default"
          onClick={() => run()}
          disabled={call.isPending}
          leftSection={<Icon name="refresh" size={14} />}
        >
          Test again
        </Button>
      </StepActions>
    </div>
  )
}

function TestFindings({ test }: { readonly test: UpstreamTest }) {
  const { reachable, message, auth, server, protocolVersion, latencyMs, tools, prompts, resources, resourceTemplates } =
    test
  const counts = [
    formatCounted(tools.length, 'tool'),
    formatCounted(prompts.length, 'prompt'),
    formatCounted(resources.length + resourceTemplates.length, 'resource'),
  ].join(', ')
  return (
    <>
      {!reachable && (
        <Note tone="bad" title="It does not answer">
          {message}
        </Note>
      )}
      {reachable && auth.needed && (
        <Note tone="accent" title="It answers, and asks for a credential">
          {message ?? 'What it offers is listed to whoever has one.'}
        </Note>
      )}
      {reachable && !auth.needed && (
        <Note tone="good" title="It answers">
          {message ?? `It offers ${counts}.`}
        </Note>
      )}
      <FactList
        facts={[
          { name: 'URL', value: test.url },
          { name: 'Server', value: server && [server.title ?? server.name, server.version].filter(Boolean).join(' ') },
          { name: 'Revision', value: protocolVersion },
          { name: 'First answer', value: latencyMs !== null && formatMs(latencyMs) },
          { name: 'Offers', value: counts },
          { name: 'Signs in at', value: auth.issuer },
          { name: 'Scopes', value: auth.scopes.join(' ') },
          { name: 'Registration', value: describeRegistration(auth) },
          { name: 'Discovery', value: auth.problem },
        ]}
      />
    </>
  )
}

function describeRegistration({ registration }: UpstreamTest['auth']): string | null {
  if (!registration) return null
  if (registration.documents) return 'The gateway presents its metadata document.'
  if (registration.dynamic) return 'The gateway registers itself.'
  return 'By hand: register a client there, and keep its id and secret in variables.'
}
