import { expect, test } from 'vitest'
import { listTenants, mayActIn } from './tenants.ts'

const directory = (...ofRoutes: (string | undefined)[]) => ({
  list: () => [],
  find: () => undefined,
  listByServer: () => [],
  tenantsOf: () => ofRoutes,
})
const claiming = (claimedTenant: string | undefined) => ({ claimedTenant })

test.each([
  ['a claim counts on an open route', 'acme', [undefined], ['acme']],
  ['a claim counts on a route of its tenant', 'acme', ['beta', 'acme'], ['acme']],
  ['a claim keeps away from routes of others', 'acme', ['beta'], []],
  ['without a claim the route decides', undefined, ['beta'], ['beta']],
  ['without a claim an open route is of the default tenant', undefined, [undefined], ['default']],
  ['without a claim every route counts', undefined, ['beta', undefined, 'acme'], ['beta', 'default', 'acme']],
  ["an upstream without a route is nobody's", 'acme', [], []],
] as const)('%s', (_what, claimed, ofRoutes, expected) => {
  expect(listTenants(claiming(claimed), 'linear', directory(...ofRoutes))).toEqual(expected)
})

test.each([
  ['acme', 'acme', [undefined], true],
  ['default', 'acme', [undefined], false],
  ['acme', 'default', [undefined], false],
  ['acme', undefined, [undefined], true],
  ['acme', undefined, ['beta'], false],
  ['beta', undefined, ['beta'], true],
  ['beta', 'acme', ['beta'], false],
] as const)('in %s, claiming %s, at routes of %j: %s', (tenant, claimed, ofRoutes, expected) => {
  expect(mayActIn(tenant, claiming(claimed), 'linear', directory(...ofRoutes))).toBe(expected)
})
