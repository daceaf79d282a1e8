import { expect, test } from 'vitest'
import { defaultTenant, joinTenants, tenantPattern } from './tenant.ts'

test.each(['default', 'acme', 'a', '7-up', 'x'.repeat(63)])('%s may be a tenant', (name) => {
  expect(tenantPattern.test(name)).toBe(true)
})

test.each(['', 'Acme', '-acme', 'a b', 'a_b', 'a.b', 'acme\n', 'ácme', 'a|b', 'x'.repeat(64)])('%j may not', (name) => {
  expect(tenantPattern.test(name)).toBe(false)
})

test('whoever says a tenant must say the same', () => {
  expect(joinTenants()).toBe(defaultTenant)
  expect(joinTenants(undefined, undefined)).toBe(defaultTenant)
  expect(joinTenants(undefined, 'acme', 'acme')).toBe('acme')
  expect(joinTenants('acme', undefined)).toBe('acme')
  expect(joinTenants('acme', 'globex')).toBeUndefined()
  expect(joinTenants('acme', undefined, defaultTenant)).toBeUndefined()
})
