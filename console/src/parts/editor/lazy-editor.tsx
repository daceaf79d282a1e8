import { lazy, Suspense } from 'react'
import { StateMessage } from '../state-message.tsx'
import styles from './lazy-editor.module.css'

const TextEditor = lazy(() => import('./text-editor.tsx'))

/** The editor, loaded when it is first shown. */
export function LazyEditor(props: Parameters<typeof TextEditor>[0]) {
  return (
    <div className={styles['frame']}>
      <Suspense fallback={<StateMessage kind="loading" title="Opening the editor" />}>
        <TextEditor {...props} />
      </Suspense>
    </div>
  )
}
