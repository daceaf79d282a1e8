import { Tooltip, UnstyledButton } from '@mantine/core'
import { useClipboard } from '@mantine/hooks'
import styles from './copy-text.module.css'
import { Icon } from './icon.tsx'

interface CopyTextProps {
  /** What is copied. */
  readonly text: string
  /** What is shown; default: the text. */
  readonly label?: string
  /** Not in the typeface of code. */
  readonly plain?: boolean
}

/** Text that copies itself when it is pressed: every id of the console. */
export function CopyText({ text, label = text, plain = false }: CopyTextProps) {
  const { copied, copy } = useClipboard({ timeout: 1200 })
  return (
    <Tooltip label={copied ? 'Copied' : `Copy ${text}`} maw={420} multiline>
      <UnstyledButton
        className={styles['copy']}
        data-plain={plain || undefined}
        onClick={(event) => {
          event.stopPropagation()
          copy(text)
        }}
        aria-label={copied ? 'Copied' : `Copy ${label}`}
      >
        <span className={styles['label']}>{label}</span>
        <span className={styles['icon']}>
          <Icon name={copied ? 'check' : 'copy'} size={12} />
        </span>
      </UnstyledButton>
    </Tooltip>
  )
}
