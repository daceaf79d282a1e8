import type { OperationResult } from '../../../../src/admin/api-types.ts'
import { CodeBlock } from '../../parts/code-block.tsx'
import { Panel } from '../../parts/panel.tsx'
import { StateMessage } from '../../parts/state-message.tsx'
import styles from './server-policies.module.css'

/** The way of a request: each policy in its order, with its options, then the handler. */
export function ServerPolicies({ server }: { readonly server: OperationResult<'getVirtualServer'> }) {
  const { policyOptions, handler, handlerOptions } = server
  return (
    <ol className={styles['way']}>
      {policyOptions.length === 0 && (
        <li>
          <StateMessage kind="empty" icon="warning" title="No policies">
            Everybody who reaches the URL may use it.
          </StateMessage>
        </li>
      )}
      {policyOptions.map(({ name, type, summary, options }) => (
        <li key={name}>
          <Panel title={name} summary={`${type}: ${summary}`}>
            <CodeBlock text={JSON.stringify(options, null, 2)} label={`options of ${name}`} />
          </Panel>
        </li>
      ))}
      <li>
        <Panel title={handler} summary="Handler: what answers in the end.">
          <CodeBlock text={JSON.stringify(handlerOptions, null, 2)} label="options of the handler" />
        </Panel>
      </li>
    </ol>
  )
}
