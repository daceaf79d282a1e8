import { Drawer } from '@mantine/core'
import type { ReactNode } from 'react'
import styles from './details-drawer.module.css'

interface DetailsDrawerProps {
  readonly opened: boolean
  readonly onClose: () => void
  readonly title: ReactNode
  readonly children: ReactNode
}

/** Details beside the list they were opened from; on a phone, instead of it. */
export function DetailsDrawer({ opened, onClose, title, children }: DetailsDrawerProps) {
  return (
    <Drawer
      opened={opened}
      onClose={onClose}
      title={title}
      size={560}
      closeButtonProps={{ 'aria-label': 'Close' }}
      classNames={{ header: styles['header'] ?? '', title: styles['title'] ?? '', body: styles['body'] ?? '' }}
    >
      {children}
    </Drawer>
  )
}
