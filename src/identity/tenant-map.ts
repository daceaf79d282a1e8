import { z } from 'zod'
import { tenantPattern, tenantRule } from '../lib/tenant.ts'

/** Option of policies that read a tenant from a claim. */
export const tenantMap = z
  .record(z.string().min(1), z.string().regex(tenantPattern, tenantRule))
  .describe(
    'Tenants by value of the claim, compared exactly; who has another value is refused. Without it, the value is the name of the tenant.',
  )
