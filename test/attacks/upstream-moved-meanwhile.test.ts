import { afterEach, beforeEach, expect, test } from 'vitest'
import { findMisfit } from '../../src/credentials/find-misfit.ts'
import { type ScriptedSite, scriptResource, scriptServer, serveScript } from '../harness/scripted-upstream.ts'
import {
  answerWith,
  beginAt,
  describeOAuthUpstream,
  openOAuthClient,
  type TestOAuthClient,
} from '../harness/upstream-oauth-client.ts'

let client: TestOAuthClient
let honest: ScriptedSite
let other: ScriptedSite

beforeEach(async () => {
  ;[client, honest, other] = await Promise.all([openOAuthClient(), serveScript(), serveScript()])
  for (const site of [honest, other]) {
    scriptResource(site, [site.origin])
    scriptServer(site)
  }
})
afterEach(() => Promise.all([client.close(), honest.close(), other.close()]))

// The configuration gives the id to another server while somebody signs in at the first one.
test('a token of the server that somebody set out to connect never goes to the one that took its place', async () => {
  const before = describeOAuthUpstream(`${honest.origin}/mcp`)
  const after = describeOAuthUpstream(`${other.origin}/mcp`)
  const { pending } = await beginAt(client, before)
  const credential = await client.authorization.finish(after, 'default', answerWith(pending), pending)
  expect(findMisfit(credential, after)).toBe(`connected for ${honest.origin}`)
  expect(findMisfit(credential, before)).toBeUndefined()
  expect(other.requests).toEqual([])
})
