// Arguments: operation, port, process id of the gateway, concurrency, milliseconds, operations at most. Prints one AuthorizationResult.
import { AsyncLocalStorage } from 'node:async_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { Agent, request, setGlobalDispatcher } from 'undici'
import { authorize, redeemCode, refreshTokens, registerClient } from '../test/harness/obtain-token.ts'
import type { AuthorizationResult, Operation } from './authorization.ts'
import { ROUTE_PATH } from './cases.ts'
import { readCpuSeconds, SETTLE_MILLISECONDS } from './processes.ts'

const [operation = '', ...numbers] = process.argv.slice(2)
const [port = 0, pid = 0, concurrency = 0, milliseconds = 0, operations = 0] = numbers.map(Number)
const publicUrl = `http://127.0.0.1:${port}`
const resource = `${publicUrl}${ROUTE_PATH}`

/** One client at work: repeats the operation once. */
type Client = () => Promise<void>

/** What each client of a case does, after what has to happen once before. */
const openClients: { readonly [name in Operation]: () => Promise<(subject: string) => Promise<Client>> } = {
  refresh: async () => {
    const clientId = await registerClient(publicUrl)
    return async (subject) => {
      let newest = await signIn(clientId, subject)
      return async () => {
        const { refreshToken } = await refreshTokens(publicUrl, clientId, newest)
        if (refreshToken === undefined || refreshToken === newest) throw new Error('the refresh token was not rotated')
        newest = refreshToken
      }
    }
  },
  register: async () => async () => {
    await openConnection()
    return async () => void (await registerClient(publicUrl))
  },
  'sign-in': async () => {
    const clientId = await registerClient(publicUrl)
    return async (subject) => {
      await openConnection()
      return async () => void (await signIn(clientId, subject))
    }
  },
}

/** From authorize to tokens, in a browser without cookies. Resolves with the refresh token. */
async function signIn(clientId: string, subject: string): Promise<string> {
  const { code, verifier } = await authorize(publicUrl, resource, clientId, subject)
  const { refreshToken } = await redeemCode(publicUrl, resource, clientId, code, verifier)
  if (refreshToken === undefined) throw new Error('no refresh token')
  return refreshToken
}

async function openConnection(): Promise<void> {
  const { statusCode, body } = await request(`${publicUrl}/.well-known/oauth-authorization-server`)
  await body.dump()
  if (statusCode !== 200) throw new Error(`the metadata answered ${statusCode}`)
}

/** Every client has one connection, from an address of its own: the limits of the server count by address. */
const own = new AsyncLocalStorage<Agent>()
const openComputer = (localAddress: string) => new Agent({ connections: 1, localAddress })
const thisComputer = new Agent()
setGlobalDispatcher(
  thisComputer.compose(() => (options, handler) => {
    // Dev login serves 127.0.0.1 only.
    const agent = options.path.includes('/oauth/dev-login/') ? thisComputer : (own.getStore() ?? thisComputer)
    return agent.dispatch(options, handler)
  }),
)

/** Lets all clients work until the time or the operations are used up. Resolves with how long each operation took, in microseconds. */
async function work(clients: readonly (() => Promise<void>)[]): Promise<number[]> {
  const took: number[] = []
  const end = performance.now() + milliseconds
  let begun = 0
  const repeat = async (client: Client) => {
    for (let began = performance.now(); began < end && begun++ < operations; began = performance.now()) {
      await client()
      took.push((performance.now() - began) * 1_000)
    }
  }
  await Promise.all(clients.map(repeat))
  return took.sort((a, b) => a - b)
}

async function measure(): Promise<Omit<AuthorizationResult, 'errors' | 'firstError'>> {
  if (!isOperation(operation)) throw new Error(`unknown operation ${operation}`)
  const openClient = await openClients[operation]()
  const open = (_: unknown, index: number) =>
    own.run(openComputer(`127.0.0.${10 + index}`), async () => {
      const client = await openClient(`person-${index}`)
      return AsyncLocalStorage.bind(client)
    })
  const clients = await Promise.all(Array.from({ length: concurrency }, open))
  await pause(SETTLE_MILLISECONDS)
  const cpuBefore = readCpuSeconds(pid)
  const began = performance.now()
  const took = await work(clients)
  const seconds = (performance.now() - began) / 1_000
  await pause(SETTLE_MILLISECONDS)
  const percentile = (share: number) => took[Math.ceil(took.length * share) - 1] ?? 0
  const cpuSeconds = readCpuSeconds(pid) - cpuBefore
  return { completed: took.length, seconds, p50: percentile(0.5), p99: percentile(0.99), cpuSeconds }
}

function isOperation(name: string): name is Operation {
  return Object.hasOwn(openClients, name)
}

const nothing = { completed: 0, seconds: 0, p50: 0, p99: 0, cpuSeconds: 0 }
const result: AuthorizationResult = await measure().then(
  (sample) => ({ ...sample, errors: 0, firstError: '' }),
  (error: unknown) => ({ ...nothing, errors: 1, firstError: String(error) }),
)
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit())
