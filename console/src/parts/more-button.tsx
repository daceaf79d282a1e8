import { Button } from '@mantine/core'
import type { Pages } from '../api/use-admin-pages.ts'
import styles from './more-button.module.css'

/** Reads on in a list that has more. */
export function MoreButton({ pages }: { readonly pages: Pages<unknown> }) {
  if (!pages.hasMore) return null
  return (
    <div className={styles['more']}>
      <Button variant="default" onClick={pages.readMore} loading={pages.isReadingMore}>
        Show more
      </Button>
    </div>
  )
}
