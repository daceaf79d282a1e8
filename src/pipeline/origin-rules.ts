import type { CorsPolicy, Project } from '../config/project.ts'
import { createOriginMatcher, exposedHeaders, type OriginRules } from '../http/cors.ts'

/**
 * Which browser pages may call a route: of the gateway itself, of `allowedOrigins`, and of the route's CORS policy. In `dev`
 * also pages on this machine: MCP inspectors run there, on ports of their own.
 */
export function originRules(
  cors: CorsPolicy | undefined,
  { publicUrl, settings, mode }: Pick<Project, 'publicUrl' | 'settings' | 'mode'>,
): OriginRules {
  const origins = [publicUrl, ...settings.allowedOrigins, ...(cors?.allowedOrigins ?? [])]
  return {
    isAllowed: createOriginMatcher(origins, mode === 'dev'),
    allowCredentials: cors?.allowCredentials ?? false,
    maxAgeSeconds: cors?.maxAgeSeconds ?? 600,
    allowedMethods: cors?.allowedMethods.join(', ') || 'POST, GET, DELETE, OPTIONS',
    // A literal `*` never covers Authorization (Fetch §CORS-preflight), so "all" is answered with what was asked for.
    allowedHeaders: cors?.allowedHeaders.includes('*') ? undefined : cors?.allowedHeaders.join(', ') || undefined,
    exposeHeaders: [exposedHeaders, ...(cors?.exposeHeaders ?? [])].join(', '),
  }
}
