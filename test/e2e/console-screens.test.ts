import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { adminOrigin } from '../harness/admin-client.ts'
import { type ConsoleGateway, makeTraffic, startConsoleGateway } from '../harness/console-gateway.ts'
import { openChromium } from '../harness/open-chromium.ts'
import { listAxeViolations, type OpenConsole, openConsole } from '../harness/open-console.ts'

// Every screen in a real browser in front of a gateway with real traffic: judged by axe-core, kept as a picture in test/output.
const pictures = join(import.meta.dirname, '../output')

const screens: readonly (readonly [name: string, address: string])[] = [
  ['overview', '/'],
  ['traffic', '/traffic'],
  ['virtual-servers', '/virtual-servers'],
  ['virtual-server', '/virtual-servers/tracker'],
  ['new-virtual-server', '/new-virtual-server'],
  ['upstreams', '/upstreams'],
  ['clients', '/clients'],
  ['people', '/people'],
  ['keys', '/keys'],
  ['audit', '/audit'],
  ['configuration', '/configuration'],
  ['configuration-history', '/configuration?tab=history'],
]

let started: ConsoleGateway
let browser: Browser

beforeAll(async () => {
  await mkdir(pictures, { recursive: true })
  started = await startConsoleGateway({ admin: { listen: { port: 0 }, roles: { viewer: { subjects: ['vera'] } } } })
  await makeTraffic(started)
  browser = await openChromium()
})
afterAll(async () => {
  await browser?.close()
  await started?.close()
})

const open = (options = {}): Promise<OpenConsole> => openConsole(browser, started.gateway.directory, options)

describe.each([
  { theme: 'light', width: 1440 },
  { theme: 'light', width: 390 },
  { theme: 'dark', width: 1440 },
  { theme: 'dark', width: 390 },
] as const)('$theme at $width pixels', ({ theme, width }) => {
  it('no screen breaks a rule of accessibility, is wider than the browser, complains, or leaves its origin', async () => {
    const { page, go, complaints, close } = await open({ theme, width })
    const broken: Record<string, string[]> = {}
    for (const [name, address] of screens) {
      await go(address)
      await page.screenshot({ path: join(pictures, `console-${name}-${theme}-${width}.png`), fullPage: true })
      const overflow = await page.evaluate<number>('document.documentElement.scrollWidth - innerWidth')
      const found = [...(await listAxeViolations(page)), ...(overflow > 0 ? [`${overflow} pixels too wide`] : [])]
      if (found.length > 0) broken[name] = found
    }
    expect(broken).toEqual({})
    expect(complaints).toEqual([])
    await close()
  }, 90_000)
})

describe('with the keyboard', () => {
  it('the first stop leads past the navigation', async () => {
    const { page, go, close } = await open()
    await go('/keys')
    await page.keyboard.press('Tab')
    await expect.poll(() => page.evaluate('document.activeElement?.textContent')).toBe('Skip to content')
    await page.keyboard.press('Enter')
    await expect.poll(() => page.evaluate('document.activeElement?.id')).toBe('content')
    await close()
  })

  it('g and a letter, or a few letters in the palette, lead to a screen', async () => {
    const { page, go, close } = await open()
    await go('/')
    await page.keyboard.press('g')
    await page.keyboard.press('a')
    await page.waitForURL('**/console/audit')
    await page.keyboard.press('Control+k')
    await page.getByPlaceholder('Search screens, virtual servers, upstreams').fill('read-only')
    await page.keyboard.press('Enter')
    await page.waitForURL('**/console/virtual-servers/tracker-read-only')
    await close()
  })

  it('rows are reached with the arrows and opened with Enter', async () => {
    const { page, go, close } = await open()
    await go('/traffic')
    await page.locator('tbody tr').first().focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.waitForURL(/open=/)
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'hidden' })
    await close()
  })
})

it('the colours can be switched, and stay', async () => {
  const { page, go, close } = await open({ theme: 'light' })
  const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
  await go('/keys')
  const light = await background()
  await page.getByRole('button', { name: 'Colours: As the system' }).click()
  await page.getByRole('menuitem', { name: 'Dark' }).click()
  await expect.poll(background).not.toBe(light)
  await go('/audit')
  expect(await background()).not.toBe(light)
  await close()
})

it('whoever signs out, or was not signed in, is told how to', async () => {
  const { page, go, close } = await open()
  await go('/')
  await page.getByRole('button', { name: /owner/ }).click()
  await page.getByRole('menuitem', { name: 'Sign out' }).click()
  await page.getByRole('heading', { name: 'Sign in to the console' }).waitFor()
  expect(await listAxeViolations(page)).toEqual([])
  await page.screenshot({ path: join(pictures, 'console-sign-in-light-1440.png') })
  await close()
})

it('a viewer signs in at the identity provider, comes back to the screen, and is offered nothing that changes', async () => {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`${await adminOrigin(started.gateway.directory)}/console/keys`)
  await page.getByRole('link', { name: 'Sign in' }).click()
  await page.fill('input[type=text], input:not([type])', 'vera')
  await page.keyboard.press('Enter')
  await page.waitForURL('**/console/keys')
  await page.getByRole('heading', { name: 'Keys', exact: true }).waitFor()
  await page.getByText('No keys yet').waitFor()
  expect(await page.getByRole('button', { name: 'New key' }).count()).toBe(0)
  await page.goto(page.url().replace('/keys', '/virtual-servers'))
  await page.locator('tbody tr').first().waitFor()
  expect(await page.getByRole('link', { name: 'New virtual server' }).count()).toBe(0)
  await context.close()
})

it('whose session ended meanwhile is told so by the next answer', async () => {
  const { page, go, close } = await open()
  await go('/keys')
  await page.context().clearCookies()
  await page.getByText('Revoked', { exact: true }).click()
  await page.getByRole('heading', { name: 'Sign in to the console' }).waitFor()
  await close()
})

it('what fails says why, with an id to ask about, and can be tried again', async () => {
  const { page, go, close } = await open()
  const problem = { title: 'Something went wrong in the gateway.', reason: 'gateway_error', requestId: 'f'.repeat(32) }
  // A gateway that fails is too rare to wait for.
  await page.route('**/api/admin/people**', (route) =>
    route.fulfill({ status: 500, contentType: 'application/problem+json', body: JSON.stringify(problem) }),
  )
  await go('/people')
  const alert = page.getByRole('alert')
  await alert.getByText(problem.title).waitFor()
  await alert.getByRole('button', { name: 'Copy gateway_error' }).waitFor()
  expect(await listAxeViolations(page)).toEqual([])
  await page.unrouteAll()
  await alert.getByRole('button', { name: 'Try again' }).click()
  await page.locator('tbody tr').first().waitFor()
  await close()
})

it('a gateway that does not answer is waited for', async () => {
  const { page, go, close } = await open()
  await page.route('**/api/admin/keys**', (route) => route.abort())
  await go('/keys')
  await page.getByText('The gateway does not answer.').waitFor()
  await page.unrouteAll()
  await page.getByRole('button', { name: 'Try again' }).click()
  await page.getByText('No keys yet').waitFor()
  await close()
})
