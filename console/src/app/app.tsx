import { MantineProvider } from '@mantine/core'
import { Notifications } from '@mantine/notifications'
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { RouterProvider } from '@tanstack/react-router'
import { AdminError } from '../api/admin-error.ts'
import { readNonce } from './read-nonce.ts'
import { router } from './router.tsx'
import { resolveVariables, theme } from './theme.ts'

/** Whoever is signed out meanwhile learns it with the next answer, whatever it was about. */
const noticeSignOut = (error: Error) => {
  if (error instanceof AdminError && error.status === 401) void queries.invalidateQueries({ queryKey: ['getSession'] })
}

const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    onError: (error, { queryKey }) => queryKey[0] !== 'getSession' && noticeSignOut(error),
  }),
  mutationCache: new MutationCache({ onError: noticeSignOut }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      // What moves is asked again by the clock; the rest by whoever changes it.
      refetchOnWindowFocus: false,
      // A refusal stays one; what may pass is a gateway that restarts.
      retry: (failures, error) => failures < 2 && error instanceof AdminError && error.status === 0,
    },
  },
})

/** The console. */
export function App() {
  return (
    <MantineProvider
      theme={theme}
      defaultColorScheme="auto"
      cssVariablesResolver={resolveVariables}
      getStyleNonce={readNonce}
    >
      <Notifications position="bottom-right" />
      <QueryClientProvider client={queries}>
        <RouterProvider router={router} />
      </QueryClientProvider>
    </MantineProvider>
  )
}
