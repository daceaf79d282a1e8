import { createContext, type ReactNode, useContext } from 'react'
import type { AdminRole, OperationResult } from '../../../src/admin/api-types.ts'
import { AdminError } from '../api/admin-error.ts'
import { useAdmin } from '../api/use-admin.ts'
import { StateMessage } from '../parts/state-message.tsx'
import { SignInScreen } from './sign-in-screen.tsx'

/** Who is signed in, and to which gateway. */
export type Session = OperationResult<'getSession'>

const SessionContext = createContext<Session | undefined>(undefined)

/** Shows the console to whoever is signed in, and to others how to. */
export function SessionGate({ children }: { readonly children: ReactNode }) {
  const { data, error } = useAdmin('getSession', {}, { refreshMs: 60_000 })
  if (error instanceof AdminError && error.status === 401) return <SignInScreen />
  if (data) return <SessionContext value={data}>{children}</SessionContext>
  if (error) return <StateMessage kind="error" error={error} fullPage />
  return <StateMessage kind="loading" title="Opening the console" fullPage />
}

/** The session; only below `SessionGate`. */
export function useSession(): Session {
  const session = useContext(SessionContext)
  if (!session) throw new Error('useSession is for what SessionGate shows')
  return session
}

const ranks: { readonly [Role in AdminRole]: number } = { viewer: 0, editor: 1, owner: 2 }

/** Whether this administrator may do what needs `role`. The gateway decides again; this only hides what it would refuse. */
export function useMay(role: AdminRole): boolean {
  return ranks[useSession().role] >= ranks[role]
}
