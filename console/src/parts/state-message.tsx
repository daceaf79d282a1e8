import { Button, Loader } from '@mantine/core'
import type { ReactNode } from 'react'
import { AdminError } from '../api/admin-error.ts'
import { CopyText } from './copy-text.tsx'
import { Icon, type IconName } from './icon.tsx'
import styles from './state-message.module.css'

type StateMessageProps = {
  /** Instead of a whole screen. */
  readonly fullPage?: boolean
  /** What to do next. */
  readonly action?: ReactNode
} & (
  | { readonly kind: 'empty'; readonly title: string; readonly icon?: IconName; readonly children?: ReactNode }
  | { readonly kind: 'error'; readonly error: Error; readonly onRetry?: () => void }
  | { readonly kind: 'loading'; readonly title: string }
)

/** Stands where there is nothing to show: nothing yet, an error, or an answer under way. Says what to do next. */
export function StateMessage(props: StateMessageProps) {
  return (
    <div
      className={styles['message']}
      data-full-page={props.fullPage || undefined}
      role={props.kind === 'error' ? 'alert' : 'status'}
    >
      <Content {...props} />
      {props.action}
    </div>
  )
}

function Content(props: StateMessageProps) {
  if (props.kind === 'loading') {
    return (
      <>
        <Loader size="sm" aria-hidden="true" />
        <p className="soft">{props.title}…</p>
      </>
    )
  }
  if (props.kind === 'error') return <ErrorContent error={props.error} onRetry={props.onRetry} />
  return (
    <>
      {props.icon && (
        <span className={styles['icon']}>
          <Icon name={props.icon} size={22} />
        </span>
      )}
      <p className={styles['title']}>{props.title}</p>
      {props.children && <div className="soft">{props.children}</div>}
    </>
  )
}

function ErrorContent({ error, onRetry }: { readonly error: Error; readonly onRetry: (() => void) | undefined }) {
  const { reason, remedy, requestId } = error instanceof AdminError ? error : {}
  return (
    <>
      <span className={styles['icon']} data-bad>
        <Icon name="error" size={22} />
      </span>
      <p className={styles['title']}>{error.message}</p>
      {remedy && <p className="soft">{remedy}</p>}
      {(reason ?? requestId) && (
        <p className={styles['ids']}>
          {reason && <CopyText text={reason} />}
          {requestId && <CopyText text={requestId} label={`request ${requestId.slice(0, 8)}`} />}
        </p>
      )}
      {onRetry && (
        <Button variant="default" onClick={onRetry} leftSection={<Icon name="refresh" size={14} />}>
          Try again
        </Button>
      )}
    </>
  )
}
