import { createHash, randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** How long an access token lives: short, so that refreshing can be watched. Seconds. */
export const accessTokenSeconds = 300

/** An application that registered itself (RFC 7591). */
export interface Client {
  readonly id: string
  readonly name: string
  readonly redirectUris: readonly string[]
}

/** What an account allowed an application. Tokens are kept as hashes only. */
export interface Grant {
  readonly id: string
  readonly account: string
  readonly client: string
  accessToken: string
  /** Milliseconds since the epoch. */
  expiresAt: number
  refreshToken: string
  /** Refresh tokens that were replaced. Whoever brings one of them again may have stolen it. */
  readonly spent: string[]
  refreshed: number
}

/** What a token request is answered with. */
export interface Tokens {
  readonly access_token: string
  readonly refresh_token: string
  readonly token_type: 'Bearer'
  readonly expires_in: number
}

/** Who a request comes from, and how they show it. */
export interface Caller {
  readonly account: string
  readonly credential: string
}

interface State {
  readonly notes: { [account: string]: string[] }
  readonly keys: { [account: string]: string }
  readonly clients: { [id: string]: Client }
  readonly grants: { [id: string]: Grant }
}

const hash = (secret: string): string => createHash('sha256').update(secret).digest('base64url')
const random = (prefix: string): string => `${prefix}_${randomBytes(24).toString('base64url')}`

/** Accounts with their notes and keys, and what they allowed whom. Everything is in one file, or in memory without one. */
export class AccountBook {
  readonly #file: string | undefined
  readonly #state: State

  constructor(file?: string) {
    this.#file = file
    this.#state = file !== undefined && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as State) : begin()
    this.#save()
  }

  accounts(): { readonly name: string; readonly key: string }[] {
    return Object.entries(this.#state.keys).map(([name, key]) => ({ name, key }))
  }

  /** Notes of an account; undefined when there is no such account. */
  notes(account: string): readonly string[] | undefined {
    return this.#state.notes[account]
  }

  addNote(account: string, text: string): void {
    this.#state.notes[account]?.push(text)
    this.#save()
  }

  addClient(name: string, redirectUris: readonly string[]): Client {
    const client = { id: random('client'), name, redirectUris }
    this.#state.clients[client.id] = client
    this.#save()
    return client
  }

  client(id: string): Client | undefined {
    return this.#state.clients[id]
  }

  grants(): readonly Grant[] {
    return Object.values(this.#state.grants)
  }

  addGrant(account: string, client: string): Tokens {
    const id = randomBytes(8).toString('hex')
    const grant: Grant = {
      id,
      account,
      client,
      accessToken: '',
      expiresAt: 0,
      refreshToken: '',
      spent: [],
      refreshed: 0,
    }
    this.#state.grants[id] = grant
    return this.#issue(grant)
  }

  /** New tokens for a refresh token, which is worth nothing afterwards. A second use ends the grant (RFC 9700 §4.14.2). */
  refresh(refreshToken: string, client: string): Tokens | undefined {
    const wanted = hash(refreshToken)
    const stolen = this.grants().find((grant) => grant.spent.includes(wanted))
    if (stolen) this.disconnect(stolen.id)
    const grant = this.grants().find((each) => each.refreshToken === wanted && each.client === client)
    if (!grant) return undefined
    grant.spent.push(wanted)
    grant.refreshed++
    return this.#issue(grant)
  }

  /** Lets the access token of a grant end now. */
  expire(id: string): void {
    const grant = this.#state.grants[id]
    if (grant) grant.expiresAt = 0
    this.#save()
  }

  /** Forgets a grant: its tokens are worth nothing from now on. */
  disconnect(id: string): void {
    delete this.#state.grants[id]
    this.#save()
  }

  findGrant(token: string): Grant | undefined {
    const wanted = hash(token)
    return this.grants().find((grant) => grant.accessToken === wanted || grant.refreshToken === wanted)
  }

  /** Who sends this access token or API key; undefined for anything else. */
  findCaller(secret: string): Caller | undefined {
    const wanted = hash(secret)
    const owner = this.accounts().find(({ key }) => hash(key) === wanted)
    if (owner) return { account: owner.name, credential: `the API key of ${owner.name}` }
    const grant = this.grants().find((each) => each.accessToken === wanted && each.expiresAt > Date.now())
    if (!grant) return undefined
    const client = this.client(grant.client)?.name ?? 'an application'
    return { account: grant.account, credential: `an access token that ${grant.account} gave to ${client}` }
  }

  #issue(grant: Grant): Tokens {
    const tokens = { access_token: random('access'), refresh_token: random('refresh') }
    grant.accessToken = hash(tokens.access_token)
    grant.refreshToken = hash(tokens.refresh_token)
    grant.expiresAt = Date.now() + accessTokenSeconds * 1000
    this.#save()
    return { ...tokens, token_type: 'Bearer', expires_in: accessTokenSeconds }
  }

  #save(): void {
    if (this.#file === undefined) return
    mkdirSync(dirname(this.#file), { recursive: true })
    writeFileSync(this.#file, JSON.stringify(this.#state, null, 2), { mode: 0o600 })
  }
}

function begin(): State {
  const notes: State['notes'] = {
    ada: ['Ask Charles about the mill', 'Bernoulli numbers: check note G'],
    grace: ['There is a moth in relay 70'],
    team: ['Release on Thursday', 'Cake for the release'],
  }
  const keys = Object.fromEntries(Object.keys(notes).map((account) => [account, random('key')]))
  return { notes, keys, clients: {}, grants: {} }
}
