/** Ends a sign-in in a browser: takes the authorization URL, returns where the browser was finally sent, with `code` or `error`. */
export type SignIn = (authorizationUrl: URL) => Promise<URL>

/**
 * What an MCP client remembers about one server, in memory. Implements the `OAuthClientProvider` of both SDK generations,
 * whose records differ a little: hence the type parameters.
 */
export class MemoryOAuthProvider<
  Registration,
  Tokens extends { access_token: string; refresh_token?: string | undefined },
  Discovery,
> {
  readonly redirectUrl = 'http://127.0.0.1:53682/callback'
  readonly clientMetadata: { client_name: string; redirect_uris: string[]; token_endpoint_auth_method: string }
  /** Where the last sign-in ended. */
  callback: URL | undefined
  /** How many sign-ins were started. */
  signIns = 0
  /** Every token response received, oldest first. */
  readonly received: Tokens[] = []
  readonly #signIn: SignIn
  #registration: Registration | undefined
  #tokens: Tokens | undefined
  #codeVerifier = ''
  #discovery: Discovery | undefined

  constructor(clientName: string, signIn: SignIn) {
    this.#signIn = signIn
    this.clientMetadata = {
      client_name: clientName,
      redirect_uris: [this.redirectUrl],
      token_endpoint_auth_method: 'none',
    }
  }

  state(): string {
    return 'state-of-the-test-client'
  }

  clientInformation(): Registration | undefined {
    return this.#registration
  }

  saveClientInformation(registration: Registration): void {
    this.#registration = registration
  }

  tokens(): Tokens | undefined {
    return this.#tokens
  }

  saveTokens(tokens: Tokens): void {
    this.#tokens = tokens
    this.received.push(tokens)
  }

  async redirectToAuthorization(authorizationUrl: URL): Promise<void> {
    this.signIns += 1
    this.callback = await this.#signIn(authorizationUrl)
  }

  saveCodeVerifier(codeVerifier: string): void {
    this.#codeVerifier = codeVerifier
  }

  codeVerifier(): string {
    return this.#codeVerifier
  }

  saveDiscoveryState(discovery: Discovery): void {
    this.#discovery = discovery
  }

  discoveryState(): Discovery | undefined {
    return this.#discovery
  }

  invalidateCredentials(scope: 'all' | 'client' | 'tokens' | 'verifier' | 'discovery'): void {
    if (scope === 'all' || scope === 'client') this.#registration = undefined
    if (scope === 'all' || scope === 'tokens') this.#tokens = undefined
    if (scope === 'all' || scope === 'discovery') this.#discovery = undefined
  }
}
