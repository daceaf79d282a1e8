import { Avatar, Menu, UnstyledButton } from '@mantine/core'
import { useQueryClient } from '@tanstack/react-query'
import { useChange } from '../api/use-admin.ts'
import { Icon } from '../parts/icon.tsx'
import { useSession } from './session.tsx'
import styles from './session-menu.module.css'

/** Who is signed in, with which role, to which gateway; and how to leave. */
export function SessionMenu() {
  const session = useSession()
  const queries = useQueryClient()
  const end = useChange('endSession', [])
  const leave = () => end.mutate({}, { onSettled: () => void queries.resetQueries() })
  return (
    <Menu position="top-start" width={264}>
      <Menu.Target>
        <UnstyledButton className={styles['button']}>
          <Avatar size={26} radius="xl" color="port" name={session.name} aria-hidden="true" />
          <span className={styles['who']}>
            <span className={styles['name']}>{session.name}</span>
            <span className={styles['role']}>
              <span className="visually-hidden">, </span>
              {session.role}
            </span>
          </span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>
          Gateway {session.gateway.version} ({session.gateway.mode})
          <br />
          {session.gateway.publicUrl}
        </Menu.Label>
        <Menu.Divider />
        <Menu.Item leftSection={<Icon name="leave" />} onClick={leave}>
          Sign out
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
