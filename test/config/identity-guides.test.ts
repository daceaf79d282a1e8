import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'jsonc-parser'
import { describe, expect, test } from 'vitest'
import { policiesFileSchema } from '../../src/config/policies-schema.ts'
import { identityPresets } from '../../src/identity/presets/index.ts'
import { policyTypes } from '../../src/policies/index.ts'

const directory = join(import.meta.dirname, '../../docs/guides/identity')
const guides = readdirSync(directory).map((file) => file.replace('.md', ''))

test('every preset has a guide, and the generic policy', () => {
  expect(guides.toSorted()).toEqual(['generic', ...identityPresets.map(({ name }) => name)].toSorted())
})

describe.each(guides)('the guide %s', (guide) => {
  const text = readFileSync(join(directory, `${guide}.md`), 'utf8')

  test('shows a policy that loads', () => {
    const block = /```jsonc\n([\s\S]*?)```/.exec(text)?.[1] ?? ''
    const file = policiesFileSchema.parse(parse(block))
    const [entry] = file.policies
    const type = policyTypes.find((each) => each.type === entry?.policyType)
    expect(type?.type).toBe(guide === 'generic' ? 'mcp-oauth-inbound' : `mcp-${guide}-oauth-inbound`)
    expect(entry?.handler.export).toBe(type?.exportName)
    expect(type?.options.safeParse(entry?.handler.options).error?.issues ?? []).toEqual([])
  })

  test('says where the provider sends people back to', () => {
    expect(text).toContain('https://mcp.example.com/oauth/callback')
  })
})
