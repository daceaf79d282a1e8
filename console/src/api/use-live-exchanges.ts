import { useEffect, useState } from 'react'
import { adminUrl } from './call-admin.ts'
import type { EventFilter, Exchange } from './event-filter.ts'
import { routes } from './routes.ts'

/** Most exchanges that a live tail keeps. */
const mostKept = 500

/** What arrived since the tail was opened, newest first. */
export interface LiveExchanges {
  readonly exchanges: readonly Exchange[]
  /** `refused`: the gateway opens none, because too many are open or the session ended; the browser does not try again. */
  readonly state: 'off' | 'connecting' | 'open' | 'refused'
}

/** Follows the events that fit a filter while it is on. The browser opens the stream again by itself when it breaks. */
export function useLiveExchanges(filter: EventFilter, on: boolean): LiveExchanges {
  const [exchanges, setExchanges] = useState<readonly Exchange[]>([])
  const [state, setState] = useState<LiveExchanges['state']>('off')
  const url = adminUrl(routes.streamEvents.split(' ')[1] ?? '', {}, filter)
  useEffect(() => {
    setExchanges([])
    if (!on) return setState('off')
    setState('connecting')
    const source = new EventSource(url)
    // Exchanges of one moment become one change of the screen.
    let arrived: Exchange[] = []
    let frame = 0
    const flush = () => {
      frame = 0
      const batch = arrived.toReversed()
      arrived = []
      setExchanges((before) => [...batch, ...before].slice(0, mostKept))
    }
    source.addEventListener('open', () => setState('open'))
    source.addEventListener('error', () =>
      setState(source.readyState === EventSource.CLOSED ? 'refused' : 'connecting'),
    )
    source.addEventListener('message', (message: MessageEvent<string>) => {
      arrived.push(JSON.parse(message.data) as Exchange)
      frame ||= requestAnimationFrame(flush)
    })
    return () => {
      source.close()
      cancelAnimationFrame(frame)
    }
  }, [url, on])
  return { exchanges, state }
}
