import { Button, Group } from '@mantine/core'
import type { ReactNode } from 'react'

interface StepActionsProps {
  readonly onNext: () => void
  readonly disabled?: boolean
  readonly label?: string
  readonly children?: ReactNode
}

/** The way on, and what else can be done in a step. */
export function StepActions({ onNext, disabled = false, label = 'Continue', children }: StepActionsProps) {
  return (
    <Group justify="flex-end" mt="lg">
      {children}
      <Button onClick={onNext} disabled={disabled}>
        {label}
      </Button>
    </Group>
  )
}
