import type { Clock } from '../contracts/clock.ts'
import type { OAuthRecords } from '../contracts/storage.ts'
import { sha256 } from '../lib/hash.ts'
import { randomToken } from '../lib/random-id.ts'
import { defaultTenant } from '../lib/tenant.ts'

const model = 'AdminTicket'

/** What a one-time ticket lets its holder in as. */
export type Ticket =
  | {
      readonly kind: 'code'
      readonly subject: string
      readonly tenant: string
      readonly name: string
      /** SHA-256 of the state that the browser keeps in a cookie: in another browser the code is worth nothing. */
      readonly challenge: string
    }
  | {
      readonly kind: 'link'
      /** `operator:<name>` of whoever had access to the data directory. */
      readonly subject: string
    }

/** How long a ticket is good for. Milliseconds. */
const lifetimeMs = { code: 60_000, link: 10 * 60_000 } as const

/** Makes a ticket: 256 random bits, of which the store keeps the hash. */
export async function issueTicket(ticket: Ticket, records: OAuthRecords, clock: Clock): Promise<string> {
  const token = randomToken()
  await records.upsert({
    model,
    tenant: defaultTenant,
    idHash: sha256(token),
    grantId: undefined,
    uid: undefined,
    payload: JSON.stringify(ticket),
    expiresAtMs: clock() + lifetimeMs[ticket.kind],
    consumedAtMs: undefined,
  })
  return token
}

/** The ticket of this kind, once: whoever comes second gets undefined, as does whoever comes late. */
export async function redeemTicket<Kind extends Ticket['kind']>(
  kind: Kind,
  token: string,
  records: OAuthRecords,
  clock: Clock,
): Promise<Extract<Ticket, { readonly kind: Kind }> | undefined> {
  const idHash = sha256(token)
  const record = await records.find(model, idHash)
  if (record === undefined || !(await records.consume(model, idHash, clock()))) return undefined
  await records.destroy(model, idHash)
  const ticket = JSON.parse(record.payload) as Ticket
  const isLate = (record.expiresAtMs ?? 0) <= clock()
  return isLate || ticket.kind !== kind ? undefined : (ticket as Extract<Ticket, { readonly kind: Kind }>)
}
