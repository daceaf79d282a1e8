import type { OperationResult } from '../../../../../src/admin/api-types.ts'
import { CodeBlock } from '../../../parts/code-block.tsx'
import { formatMs } from '../../../parts/format.ts'
import { RowsLink } from '../../../parts/rows-link.tsx'
import { isRecord } from '../../../parts/schema-form/form-values.ts'
import { StatusBadge } from '../../../parts/status-badge.tsx'
import styles from './call-result.module.css'

interface CallResultProps {
  readonly answer: OperationResult<'tryVirtualServer'>
  readonly server: string
  readonly tool: string
}

/** What a call was answered with: its texts as they are, all else as JSON. */
export function CallResult({ answer, server, tool }: CallResultProps) {
  const { result, error, latencyMs, upstreamMs } = answer
  const isError = error !== null || result?.['isError'] === true
  const texts = readTexts(result)
  return (
    <section className={styles['result']} aria-label="Result">
      <header>
        <StatusBadge tone={isError ? 'bad' : 'good'}>{isError ? 'Error' : 'Success'}</StatusBadge>
        <span className="soft">
          {formatMs(latencyMs)}
          {upstreamMs !== null && `, of that ${formatMs(upstreamMs)} at the upstream`}
        </span>
        <RowsLink filter={{ virtualServer: server, capability: tool }}>Show in Traffic</RowsLink>
      </header>
      {error && <CodeBlock label="error" text={JSON.stringify(error, null, 2)} />}
      {texts.map((text, index) => (
        // oxlint-disable-next-line react/no-array-index-key -- texts have no other identity, and never move
        <CodeBlock key={index} label={`text ${index + 1}`} text={text} />
      ))}
      {result && (
        <details>
          <summary>As it came</summary>
          <CodeBlock label="result" text={JSON.stringify(result, null, 2)} />
        </details>
      )}
    </section>
  )
}

function readTexts(result: CallResultProps['answer']['result']): readonly string[] {
  const content = result?.['content']
  if (!Array.isArray(content)) return []
  return content.flatMap((part) => (isRecord(part) && typeof part['text'] === 'string' ? [part['text']] : []))
}
