import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join } from 'node:path'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { Mount } from '../http/dispatch.ts'
import { randomToken } from '../lib/random-id.ts'
import { html, renderPage } from '../oauth/pages/render-page.ts'

/** Where the build of the console is: the same number of folders up from `src/admin` and from `dist/admin`. */
const builtConsole: string = join(import.meta.dirname, '../../dist/console')

/** What `console/vite.config.ts` leaves in the page for the nonce. */
const noncePlaceholder = '__CSP_NONCE__'

const contentTypes: { readonly [extension: string]: string } = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const compress = promisify(gzip)

/**
 * The console below `/console/`: its files, whose names say their content, and for every other path the one page that shows the screen of that
 * path. Nothing is read before it is asked for. Assumes that `Host` was checked.
 */
export function createConsoleFiles(directory = builtConsole): Mount {
  const assets = new Map<string, Promise<Asset>>()
  const answer = async (request: IncomingMessage, response: ServerResponse, path: string): Promise<void> => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return end(response, 405, { allow: 'GET, HEAD' })
    if (path === '/' || path === '/console') return end(response, 302, { location: '/console/' })
    const name = path.slice('/console/assets/'.length)
    if (!path.startsWith('/console/assets/')) return sendScreen(request, response, directory)
    if (!assets.has(name) && !listAssets(directory).has(name)) return end(response, 404, {})
    const reading = assets.get(name) ?? readAsset(join(directory, 'assets', name))
    assets.set(name, reading)
    sendAsset(request, response, await reading)
  }
  return {
    owns: (path) => path === '/' || path === '/console' || path.startsWith('/console/'),
    handle(request, response, path) {
      answer(request, response, path).catch(() => {
        if (response.headersSent) response.destroy()
        else end(response, 500, {})
      })
    },
  }
}

interface Asset {
  readonly type: string
  readonly bytes: Buffer
  readonly gzipped: Buffer
}

/** The names that exist: what is asked for is looked up among them, and never becomes a path by itself. */
function listAssets(directory: string): ReadonlySet<string> {
  try {
    return new Set(readdirSync(join(directory, 'assets')))
  } catch {
    return new Set()
  }
}

async function readAsset(path: string): Promise<Asset> {
  const bytes = await readFile(path)
  return { type: contentTypes[extname(path)] ?? 'application/octet-stream', bytes, gzipped: await compress(bytes) }
}

function sendAsset(request: IncomingMessage, response: ServerResponse, { type, bytes, gzipped }: Asset): void {
  const zip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
  const body = zip ? gzipped : bytes
  response.writeHead(200, {
    ...sharedHeaders,
    'content-type': type,
    'content-length': body.length,
    'cache-control': 'public, max-age=31536000, immutable',
    vary: 'accept-encoding',
    ...(zip && { 'content-encoding': 'gzip' }),
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

async function sendScreen(request: IncomingMessage, response: ServerResponse, directory: string): Promise<void> {
  let page: string
  try {
    page = await readFile(join(directory, 'index.html'), 'utf8')
  } catch {
    return sendMissing(response)
  }
  const nonce = randomToken(16)
  const body = page.replaceAll(noncePlaceholder, nonce)
  response.writeHead(200, {
    ...sharedHeaders,
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': contentSecurityPolicy(nonce),
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=(), publickey-credentials-get=()',
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

const sharedHeaders = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}

/** Scripts and data of this origin alone. Style elements that the parts of the console write need the nonce. */
function contentSecurityPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self'",
    "connect-src 'self'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; ')
}

/** A checkout in which nobody built the console yet. */
function sendMissing(response: ServerResponse): void {
  const content = html`<h1>The console is not built</h1>
<p>In a checkout, build it once: <code>npm run build</code>. The admin API answers without it.</p>`
  const { body, headers } = renderPage({ title: 'Console', content })
  response.writeHead(503, headers).end(body)
}

function end(response: ServerResponse, status: number, headers: { readonly [name: string]: string }): void {
  response.writeHead(status, { ...sharedHeaders, ...headers }).end()
}
