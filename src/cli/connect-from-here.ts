import { spawn } from 'node:child_process'
import { localPorts } from '../credentials/connect/connection-paths.ts'
import { isLoopbackHost } from '../lib/loopback.ts'
import { randomToken } from '../lib/random-id.ts'
import { UsageError } from './describe-error.ts'
import { readGatewayUrl, startCallbackForwarder } from './forward-callback.ts'

interface ConnectOptions {
  /** `--no-open` */
  readonly open: boolean
}

/** As long as the gateway waits for an answer. */
const waitMs = 15 * 60 * 1000

/**
 * Connects an upstream that sends people back only to their own computer. The browser carries everything: it is the one that is signed in at the
 * gateway, and the gateway redeems the answer. No token, code or verifier is read or kept here.
 */
export async function connectFromHere(gateway: string, upstream: string, options: ConnectOptions): Promise<void> {
  const gatewayUrl = readGatewayUrl(gateway, isLoopbackHost)
  const nonce = randomToken(16)
  const forwarder = await startCallbackForwarder({ gatewayUrl, upstream, nonce, ports: localPorts })
  try {
    const query = new URLSearchParams({ local: String(forwarder.port), nonce })
    const url = `${gatewayUrl}/auth/connections/${encodeURIComponent(upstream)}/connect?${query.toString()}`
    process.stdout.write(`Connect in your browser:\n  ${url}\n`)
    if (options.open) openBrowser(url)
    await waitFor(forwarder.connected)
    process.stdout.write(`connected ${upstream}\n`)
  } finally {
    await forwarder.close()
  }
}

async function waitFor(connected: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    const message = 'nothing came back within fifteen minutes. The page in the browser says why; try again.'
    timer = setTimeout(() => reject(new UsageError(message)), waitMs)
  })
  await Promise.race([connected, late]).finally(() => clearTimeout(timer))
}

/** What cannot be opened is printed above. No shell sees the URL. */
function openBrowser(url: string): void {
  const [program, ...parameters] = browserCommands[process.platform] ?? ['xdg-open']
  const child = spawn(program ?? '', [...parameters, url], { stdio: 'ignore', detached: true })
  child.on('error', () => {})
  child.unref()
}

const browserCommands: { readonly [platform: string]: readonly string[] } = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
}
