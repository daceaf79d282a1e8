import { useNavigate } from '@tanstack/react-router'
import { useEffect } from 'react'
import type { NavigationEntry } from './navigation.ts'

/** How long `g` waits for the second key. Milliseconds. */
const waitMs = 1200

/** `g` and then the key of a screen goes there, unless somebody is writing. */
export function useGoKeys(entries: readonly NavigationEntry[]): void {
  const navigate = useNavigate()
  useEffect(() => {
    let pressedAt = Number.NEGATIVE_INFINITY
    const onKey = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey || isWriting(event.target)) return
      const entry = event.timeStamp - pressedAt < waitMs ? entries.find(({ key }) => key === event.key) : undefined
      pressedAt = event.key === 'g' ? event.timeStamp : Number.NEGATIVE_INFINITY
      if (!entry) return
      event.preventDefault()
      void navigate({ to: entry.to })
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [entries, navigate])
}

function isWriting(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
  )
}
