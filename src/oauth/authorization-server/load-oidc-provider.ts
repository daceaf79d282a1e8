import type * as OidcProvider from 'oidc-provider'

/** The oidc-provider module. */
export type OidcProviderModule = typeof OidcProvider

let loaded: Promise<OidcProviderModule> | undefined

/**
 * Imports oidc-provider without its notice about the Node release: it takes the carried Node, whose build does not name its
 * LTS line, for an unsupported runtime. Every other warning passes.
 */
export function loadOidcProvider(): Promise<OidcProviderModule> {
  loaded ??= importQuietly()
  return loaded
}

async function importQuietly(): Promise<OidcProviderModule> {
  const warn = console.warn
  console.warn = (...parts: unknown[]) => {
    if (!String(parts[0]).includes('Unsupported runtime')) warn(...parts)
  }
  try {
    return await import('oidc-provider')
  } finally {
    console.warn = warn
  }
}
