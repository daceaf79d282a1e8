import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ensureConsole } from '../../tools/build-console.ts'
import { signInByName } from '../harness/admin-client.ts'
import { startAdminGateway } from '../harness/admin-gateway.ts'
import { openChromium } from '../harness/open-chromium.ts'
import { listAxeViolations, type OpenConsole, openConsole } from '../harness/open-console.ts'
import type { TestGateway } from '../harness/start-gateway.ts'
import { signIn } from '../harness/write-project.ts'

// What the console says of an edit that takes a secret elsewhere: to an editor that it is not theirs, to an owner what to look at.
let gateway: TestGateway
let browser: Browser
const variable = 'TEST_CONSOLE_OWNER_DECIDES'

beforeAll(async () => {
  ensureConsole()
  process.env[variable] = 'pay-key-0123456789'
  gateway = await startAdminGateway({
    servers: { pay: { upstream: 'https://pay.example/mcp', inbound: ['sign-in', 'pay-key'] } },
    policies: { ...signIn(), 'pay-key': ['set-upstream-api-key-inbound', { value: `Bearer $env(${variable})` }] },
  })
  browser = await openChromium()
})
afterAll(async () => {
  delete process.env[variable]
  await browser?.close()
  await gateway?.close()
})

async function becomeEditor({ page }: OpenConsole): Promise<void> {
  const { cookie } = await signInByName(gateway.directory, 'edda')
  const [name, value = ''] = cookie.split('=')
  const all = await page.context().cookies()
  // Replaced, not removed first: the page still asks.
  await page.context().addCookies(all.filter((each) => each.name === name).map((each) => ({ ...each, value })))
}

async function review({ page, go }: OpenConsole) {
  await go('/configuration?file=config%2Froutes.oas.json')
  await page.locator('.cm-content').getByText('https://pay.example/mcp').dblclick()
  await page.locator('.cm-content').press('ControlOrMeta+a')
  const { json } = await (await signInByName(gateway.directory, 'olga')).call(
    'GET',
    '/config/file?file=config/routes.oas.json',
  )
  await page.keyboard.insertText(String(json['text']).replace('pay.example', 'evil.example'))
  await page.getByText('It would run').waitFor()
  return page.getByRole('note').filter({ hasText: `$env(${variable}) could be sent to https://evil.example` })
}

it('an editor is told before, and cannot save', async () => {
  const visit = await openConsole(browser, gateway.directory)
  await becomeEditor(visit)
  const note = await review(visit)
  await note.getByText('An owner has to apply this').waitFor()
  await visit.page.getByRole('button', { name: 'Review changes' }).click()
  const dialog = visit.page.getByRole('dialog', { name: 'Review changes' })
  await dialog.getByText('An owner has to apply this').waitFor()
  expect(await dialog.getByRole('button', { name: 'Save and run' }).isDisabled()).toBe(true)
  expect(await listAxeViolations(visit.page)).toEqual([])
  expect(visit.complaints).toEqual([])
  await visit.close()
})

it('an owner is told what to look at, and saves', async () => {
  const visit = await openConsole(browser, gateway.directory)
  const note = await review(visit)
  await note.getByText('Only an owner may do this: look twice').waitFor()
  await visit.page.getByRole('button', { name: 'Review changes' }).click()
  const dialog = visit.page.getByRole('dialog', { name: 'Review changes' })
  await dialog.getByRole('button', { name: 'Save and run' }).click()
  await dialog.waitFor({ state: 'hidden' })
  await visit.close()
})
