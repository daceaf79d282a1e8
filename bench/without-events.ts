// Loaded into a gateway with `node --import`: it neither notes steps nor makes events, so that what these cost can be told. See events.ts.
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const moduleUrl = (path: string) => pathToFileURL(join(import.meta.dirname, '..', 'dist', path)).href
const recordExchangeUrl = moduleUrl('pipeline/record-exchange.js')

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context)
    if (url !== recordExchangeUrl) return loaded
    return { ...loaded, source: 'export function recordExchange() {}\nexport function recordRefusal() {}\n' }
  },
})

const { HttpExchange } = (await import(moduleUrl('http/exchange.js'))) as typeof import('../src/http/exchange.ts')
HttpExchange.prototype.addStep = () => undefined
