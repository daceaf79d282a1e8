import { ActionIcon, Burger, Drawer, Tooltip } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { spotlight } from '@mantine/spotlight'
import { Link, Outlet, useRouterState } from '@tanstack/react-router'
import { useEffect } from 'react'
import { Icon } from '../parts/icon.tsx'
import { CommandPalette } from './command-palette.tsx'
import { navigation, navigationEntries } from './navigation.ts'
import { SchemeSwitch } from './scheme-switch.tsx'
import { SessionMenu } from './session-menu.tsx'
import styles from './shell.module.css'
import { useGoKeys } from './use-go-keys.ts'

/** What surrounds every screen: navigation, command palette, session; on a phone the navigation is a drawer. */
export function Shell() {
  const [opened, drawer] = useDisclosure(false)
  const pathname = useRouterState({ select: (state) => state.location.pathname })
  useGoKeys(navigationEntries)
  // The drawer has done its work when a screen was chosen.
  const { close } = drawer
  useEffect(() => close(), [close, pathname])
  return (
    <div className={styles['shell']}>
      <a className={styles['skip']} href="#content">
        Skip to content
      </a>
      <header className={styles['bar']}>
        <Burger opened={opened} onClick={drawer.toggle} size="sm" aria-label="Navigation" />
        <Brand />
        <ActionIcon onClick={spotlight.open} aria-label="Search and commands" size="lg">
          <Icon name="search" size={18} />
        </ActionIcon>
      </header>
      <aside className={styles['side']}>
        <Brand />
        <PaletteButton />
        <Navigation label="Screens" />
        <SideFoot />
      </aside>
      <Drawer opened={opened} onClose={drawer.close} position="left" size={264} title={<Brand />}>
        <Navigation label="Screens" />
        <SideFoot />
      </Drawer>
      <main id="content" tabIndex={-1} className={styles['content']}>
        <Outlet />
      </main>
      <CommandPalette />
    </div>
  )
}

function Brand() {
  return (
    <span className={styles['brand']}>
      <span className={styles['mark']} aria-hidden="true" />
      Sallyport
    </span>
  )
}

function PaletteButton() {
  return (
    <button type="button" className={styles['palette']} onClick={spotlight.open}>
      <Icon name="search" size={14} />
      <span>Search…</span>
      <kbd>{navigator.userAgent.includes('Mac') ? '⌘' : 'Ctrl'} K</kbd>
    </button>
  )
}

function Navigation({ label }: { readonly label: string }) {
  return (
    <nav aria-label={label} className={styles['navigation']}>
      {navigation.map((group) => (
        <ul key={group[0]?.to}>
          {group.map(({ to, label: name, icon, key }) => (
            <li key={to}>
              <Tooltip label={`g then ${key}`} position="right" openDelay={900}>
                <Link
                  to={to}
                  activeOptions={{ exact: to === '/' }}
                  className={styles['entry'] ?? ''}
                  activeProps={{ 'data-active': true, 'aria-current': 'page' }}
                >
                  <Icon name={icon} />
                  {name}
                </Link>
              </Tooltip>
            </li>
          ))}
        </ul>
      ))}
    </nav>
  )
}

function SideFoot() {
  return (
    <div className={styles['foot']}>
      <SessionMenu />
      <SchemeSwitch />
    </div>
  )
}
