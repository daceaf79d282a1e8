import { ActionIcon, Tooltip } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import styles from './code-block.module.css'
import { Icon } from './icon.tsx'

/** Text to take away: a command, JSON, a URL. */
export function CodeBlock({ text, label = 'text' }: { readonly text: string; readonly label?: string }) {
  const { copied, copy } = useClipboard({ timeout: 1200 })
  return (
    <div className={styles['block']}>
      <pre tabIndex={0} aria-label={label}>
        {text}
      </pre>
      <Tooltip label={copied ? 'Copied' : 'Copy'}>
        <ActionIcon className={styles['copy']} onClick={() => copy(text)} aria-label={`Copy ${label}`}>
          <Icon name={copied ? 'check' : 'copy'} size={14} />
        </ActionIcon>
      </Tooltip>
    </div>
  )
}
