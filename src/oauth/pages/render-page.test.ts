import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { renderConsentPage } from './consent-page.ts'
import { renderErrorPage } from './error-page.ts'
import { html, renderPage } from './render-page.ts'
import { renderSignInPage } from './sign-in-page.ts'

const evil = `"><script>alert(1)</script><img src=x onerror='x'>&`
const consent = {
  subject: evil,
  clientName: evil,
  clientHost: evil,
  redirectTarget: evil,
  localRedirect: true,
  virtualServerTitle: evil,
  virtualServerUrl: evil,
  upstream: evil,
  upstreamLinks: [
    { id: evil, displayName: evil, summary: evil, state: 'connect_required' as const, connectPath: evil },
  ],
  extraScopes: [{ scope: evil, tools: [evil] }],
  withheldTools: true,
  formToken: 't',
  formTargets: ['http://127.0.0.1:1'],
}

test('the tag escapes everything but its own output', () => {
  expect(html`<b>${'<i>'}${html`<u>${'\'&"'}</u>`}${undefined}${false}${['a', html`<hr>`]}${1}</b>`.text).toBe(
    '<b>&lt;i&gt;<u>&#39;&amp;&quot;</u>a<hr>1</b>',
  )
})

test.each([
  ['consent', renderConsentPage(consent).body],
  [
    'sign-in',
    renderSignInPage({
      asking: { clientName: evil, virtualServerTitle: evil },
      formToken: evil,
      formTargets: [],
      rejected: { name: evil, message: evil },
    }).body,
  ],
  ['error', renderErrorPage({ reason: 'client_unknown', requestId: evil, description: evil }).body],
])('the %s page shows hostile text as text', (_name, body) => {
  expect(body).not.toMatch(/<script|<img|onerror='/)
  expect(body).toContain('&lt;script&gt;')
})

test('pages run nothing, load nothing, cannot be framed, and lead forms only where they are told to', () => {
  const { body, headers } = renderPage({ title: 'x', content: html`y`, formTargets: ['https://claude.ai'] })
  const policy = headers['content-security-policy'] ?? ''
  const style = /<style>([\s\S]*)<\/style>/.exec(body)?.[1] ?? ''
  const hash = createHash('sha256').update(style).digest('base64')
  expect(policy.split('; ')).toEqual([
    "default-src 'none'",
    `style-src 'sha256-${hash}'`,
    "form-action 'self' https://claude.ai",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ])
  expect(headers['x-frame-options']).toBe('DENY')
  expect(headers['cache-control']).toBe('no-store')
  expect(body).not.toMatch(/style="|https?:\/\//)
})

test('the error page names reason, request and what to do', () => {
  const { body } = renderErrorPage({ reason: 'client_unknown', requestId: 'abc' })
  expect(body).toContain('client_unknown')
  expect(body).toContain('abc')
  expect(body).toContain('Remove the server from the MCP client and add it again')
})

test('the consent page says what each further scope lets the application do', () => {
  const plain = { ...consent, extraScopes: [], withheldTools: false }
  const both = [{ scope: 'issues:write', tools: ['delete_issue', 'close_*'] }]
  expect(renderConsentPage({ ...plain, extraScopes: both }).body).toContain(
    'also call <code>delete_issue</code>, <code>close_*</code> (scope <code>issues:write</code>)',
  )
  expect(renderConsentPage(plain).body).not.toContain('scope')
  expect(renderConsentPage({ ...plain, withheldTools: true }).body).toContain('must ask you again')
})
