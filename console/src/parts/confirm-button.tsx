import { Button, type ButtonProps, Group, Modal } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import type { ReactNode } from 'react'
import { ErrorNote } from './error-note.tsx'

interface ConfirmButtonProps {
  readonly label: string
  /** Heading of the question. */
  readonly question: string
  /** What will happen. */
  readonly children: ReactNode
  /** Does it; the dialogue stays until it is done, and shows why it was refused. */
  readonly onConfirm: () => Promise<unknown>
  readonly pending: boolean
  readonly error: Error | null
  readonly button?: ButtonProps
}

/** A button for what cannot be undone: it says what will happen and asks once. */
export function ConfirmButton(props: ConfirmButtonProps) {
  const { label, question, children, onConfirm, pending, error, button } = props
  const [opened, dialogue] = useDisclosure(false)
  const confirm = () => {
    onConfirm().then(dialogue.close, () => undefined)
  }
  return (
    <>
      <Button
        variant="subtle"
        color="red"
        {...button}
        onClick={(event) => {
          event.stopPropagation()
          dialogue.open()
        }}
      >
        {label}
      </Button>
      <Modal
        opened={opened}
        onClose={dialogue.close}
        title={question}
        closeButtonProps={{ 'aria-label': 'Close' }}
        onClick={(event) => event.stopPropagation()}
      >
        <div className="soft">{children}</div>
        <ErrorNote error={error} />
        <Group justify="flex-end" mt="lg">
          <Button variant="default" onClick={dialogue.close}>
            Cancel
          </Button>
          <Button color="red" onClick={confirm} loading={pending}>
            {label}
          </Button>
        </Group>
      </Modal>
    </>
  )
}
