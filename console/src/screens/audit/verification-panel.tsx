import { Button } from '@mantine/core'
import { useAdmin } from '../../api/use-admin.ts'
import { CopyText } from '../../parts/copy-text.tsx'
import { ErrorNote } from '../../parts/error-note.tsx'
import { FactList } from '../../parts/fact-list.tsx'
import { formatCount } from '../../parts/format.ts'
import { Icon } from '../../parts/icon.tsx'
import { Panel } from '../../parts/panel.tsx'
import { StatusBadge } from '../../parts/status-badge.tsx'
import styles from './verification-panel.module.css'

/** Recomputes every hash and checks every signature of the trail, when asked. */
export function VerificationPanel() {
  const { data, error, isFetching, refetch } = useAdmin('verifyAudit', {}, { enabled: false })
  return (
    <Panel
      title="Verification"
      summary="Every hash is computed again and every signature checked. The same can be done offline: sallyport audit verify."
      actions={
        <Button
          variant="default"
          onClick={() => void refetch()}
          loading={isFetching}
          leftSection={<Icon name="audit" size={14} />}
        >
          Verify now
        </Button>
      }
    >
      <ErrorNote error={error} />
      <div aria-live="polite">
        {!data && <p className="soft">{isFetching ? 'Verifying…' : 'Not verified in this session.'}</p>}
        {data && (
          <>
            {data.problems.length === 0 ? (
              <StatusBadge tone="good">Intact</StatusBadge>
            ) : (
              <StatusBadge tone="bad">{data.problems.length} problems</StatusBadge>
            )}
            <FactList
              facts={[
                { name: 'Entries', value: formatCount(data.entries) },
                { name: 'Signed up to', value: `#${data.signedUpTo}` },
                { name: 'Newest hash', value: data.lastHash && <CopyText text={data.lastHash} /> },
                { name: 'Keys', value: data.keys.map((key) => <CopyText key={key} text={key} />) },
              ]}
            />
            <ul className={styles['problems']}>
              {data.problems.map((problem) => (
                <li key={`${problem.kind}-${problem.sequence}`}>
                  <strong>
                    #{problem.sequence} {problem.kind}
                  </strong>{' '}
                  {problem.message}
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </Panel>
  )
}
