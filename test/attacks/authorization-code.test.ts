import { createHash } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  type AuthorizationRequest,
  buildAuthorization,
  type RunningAuthorizationServer,
  refresh,
  registerClient,
  startAuthorizationServer,
} from '../harness/authorization-server.ts'
import { completeSignIn } from '../harness/browser-login.ts'
import { type Attack, expectRefusal, sendForm } from '../harness/refusal.ts'

let running: RunningAuthorizationServer
beforeAll(async () => {
  running = await startAuthorizationServer()
})
afterAll(() => running.close())

/** A code that a victim's sign-in just yielded, and everything that belongs to it. */
interface Stolen {
  readonly asked: AuthorizationRequest
  readonly code: string
}

async function steal(clientId?: string): Promise<Stolen> {
  const id = clientId ?? (await register())
  const asked = buildAuthorization(running.url, id)
  const redirect = await completeSignIn(asked.url, { subject: 'ada' })
  return { asked, code: redirect.searchParams.get('code') ?? '' }
}

const register = async () => String((await registerClient(running.url)).body['client_id'])

/** Redeems it as its owner would, except for the changes; an empty value leaves a member out. */
function redeem({ asked, code }: Stolen, changes: { [name: string]: string } = {}) {
  const form = {
    grant_type: 'authorization_code',
    code,
    redirect_uri: asked.redirectUri,
    client_id: asked.clientId,
    code_verifier: asked.verifier,
    ...changes,
  }
  const sent = Object.entries(form).filter(([, value]) => value !== '')
  return sendForm(`${running.url}/oauth/token`, new URLSearchParams(sent).toString())
}

const refused = { status: 400, error: 'invalid_grant', reason: 'grant_invalid' } as const
const invalid = { status: 400, error: 'invalid_request', reason: 'grant_request_invalid' } as const
const wrongTarget = { status: 400, error: 'invalid_target', reason: 'grant_target_invalid' } as const

const attacks: readonly Attack[] = [
  {
    name: 'code reuse',
    attempt: async () => {
      const stolen = await steal()
      expect((await redeem(stolen)).status).toBe(200)
      return redeem(stolen)
    },
    refusal: refused,
  },
  {
    name: 'code injection: the code of a victim in the flow of the attacker at the same client',
    attempt: async () => {
      const victim = await steal()
      const attacker = await steal(victim.asked.clientId)
      return redeem({ asked: attacker.asked, code: victim.code })
    },
    refusal: refused,
  },
  {
    name: 'verifier swap: the verifier of another sign-in',
    attempt: async () => redeem(await steal(), { code_verifier: (await steal()).asked.verifier }),
    refusal: refused,
  },
  {
    name: 'the challenge, which everybody on the way saw, as verifier',
    attempt: async () => {
      const stolen = await steal()
      const challenge = createHash('sha256').update(stolen.asked.verifier).digest('base64url')
      return redeem(stolen, { code_verifier: challenge })
    },
    refusal: refused,
  },
  {
    name: 'PKCE downgrade at the token endpoint: no verifier',
    attempt: async () => redeem(await steal(), { code_verifier: '' }),
    refusal: refused,
  },
  {
    name: 'a verifier that is too short to be one',
    attempt: async () => redeem(await steal(), { code_verifier: 'short' }),
    refusal: invalid,
  },
  {
    name: 'a verifier that is too long to be one',
    attempt: async () => redeem(await steal(), { code_verifier: 'a'.repeat(129) }),
    refusal: invalid,
  },
  {
    name: 'a verifier with characters that no verifier has',
    attempt: async () => redeem(await steal(), { code_verifier: `${'a'.repeat(42)}\u00e4` }),
    refusal: invalid,
  },
  {
    name: 'mix-up: another client redeems the code',
    attempt: async () => redeem(await steal(), { client_id: await register() }),
    refusal: refused,
  },
  {
    name: 'redirect swap: another port than the code was sent to',
    attempt: async () => redeem(await steal(), { redirect_uri: 'http://127.0.0.1:1/callback' }),
    refusal: refused,
  },
  {
    name: 'redirect swap: the registered redirect URI instead of the one that was used',
    attempt: async () => redeem(await steal(), { redirect_uri: 'http://127.0.0.1/callback' }),
    refusal: refused,
  },
  {
    name: 'resource swap: a code for one virtual server opens no other',
    attempt: async () => redeem(await steal(), { resource: `${running.url}/mcp/tracker-read-only` }),
    refusal: wrongTarget,
  },
  {
    name: 'resource swap: a resource elsewhere',
    attempt: async () => redeem(await steal(), { resource: 'https://evil.example/mcp' }),
    refusal: wrongTarget,
  },
  {
    name: 'a code with its last character changed',
    attempt: async () => {
      const stolen = await steal()
      return redeem({ ...stolen, code: stolen.code.slice(0, -1) + (stolen.code.endsWith('A') ? 'B' : 'A') })
    },
    refusal: refused,
  },
  {
    name: 'a code with something appended',
    attempt: async () => {
      const stolen = await steal()
      return redeem({ ...stolen, code: `${stolen.code}%00` })
    },
    refusal: refused,
  },
  {
    name: 'a code after its minute',
    attempt: async () => {
      // The lifetime is in whole seconds of the provider, whose clock is the system's.
      running.settings.authorizationCodeTtlSeconds = 1
      const stolen = await steal().finally(() => {
        running.settings.authorizationCodeTtlSeconds = 60
      })
      const expired = Date.now() + 1100
      await expect.poll(() => Date.now() > expired, { timeout: 5000 }).toBe(true)
      return redeem(stolen)
    },
    refusal: refused,
  },
  {
    name: 'token type confusion: a code as refresh token',
    attempt: async () => {
      const { asked, code } = await steal()
      return sendForm(
        `${running.url}/oauth/token`,
        new URLSearchParams({ grant_type: 'refresh_token', refresh_token: code, client_id: asked.clientId }).toString(),
      )
    },
    refusal: refused,
  },
  {
    name: 'token type confusion: a refresh token as code',
    attempt: async () => {
      const stolen = await steal()
      const { refresh_token } = JSON.parse((await redeem(stolen)).text) as { refresh_token: string }
      return redeem({ ...stolen, code: refresh_token })
    },
    refusal: refused,
  },
]

test('without a trick the owner redeems the code', async () => {
  expect((await redeem(await steal())).status).toBe(200)
})

test.each(attacks)('$name', async ({ attempt, refusal }) => {
  expectRefusal(running.events, await attempt(), refusal)
})

test('a code that a thief tried without its verifier is still there for its owner', async () => {
  const stolen = await steal()
  expectRefusal(running.events, await redeem(stolen, { code_verifier: 'a'.repeat(43) }), refused)
  expect((await redeem(stolen)).status).toBe(200)
})

test('code reuse ends the tokens of the first use, as the owner cannot know which use was the thief', async () => {
  const stolen = await steal()
  const first = JSON.parse((await redeem(stolen)).text) as { access_token: string; refresh_token: string }
  expectRefusal(running.events, await redeem(stolen), refused)
  expect(await running.server.verifier.verify(first.access_token)).toMatch(/^token_(revoked|invalid)$/)
  expect((await refresh(running.url, stolen.asked.clientId, first.refresh_token)).body['error']).toBe('invalid_grant')
})
