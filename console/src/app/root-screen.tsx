import { Button } from '@mantine/core'
import { type ErrorComponentProps, Link } from '@tanstack/react-router'
import { StateMessage } from '../parts/state-message.tsx'
import { SessionGate } from './session.tsx'
import { Shell } from './shell.tsx'

/** Around every screen: whoever is signed in sees the shell. */
export function RootScreen() {
  return (
    <SessionGate>
      <Shell />
    </SessionGate>
  )
}

/** For a URL that leads nowhere. */
export function MissingScreen() {
  return (
    <StateMessage
      kind="empty"
      icon="search"
      title="There is no such screen"
      action={
        <Button component={Link} to="/" variant="default">
          Go to the overview
        </Button>
      }
    >
      The address may be old, or what it named was removed.
    </StateMessage>
  )
}

/** For a screen that broke. */
export function ScreenError({ error, reset }: ErrorComponentProps) {
  return <StateMessage kind="error" error={error instanceof Error ? error : new Error(String(error))} onRetry={reset} />
}
