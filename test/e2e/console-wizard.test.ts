import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { completeSignIn } from '../harness/browser-login.ts'
import { type ConsoleGateway, startConsoleGateway } from '../harness/console-gateway.ts'
import { openChromium } from '../harness/open-chromium.ts'
import { listAxeViolations, openConsole } from '../harness/open-console.ts'
import { connectSdkV2, createSdkV2Memory } from '../harness/sdk-v2-client.ts'

// From the URL of an upstream to a real client that calls it through the gateway, all in the browser.
const pictures = join(import.meta.dirname, '../output')
let started: ConsoleGateway
let browser: Browser

beforeAll(async () => {
  started = await startConsoleGateway()
  browser = await openChromium()
})
afterAll(async () => {
  await browser?.close()
  await started?.close()
})

it.each([
  { theme: 'light', width: 1440, name: 'echo' },
  { theme: 'dark', width: 390, name: 'echo-on-a-phone' },
] as const)(
  '$theme at $width pixels: a virtual server is built, tried, and called by a real client',
  async (choice) => {
    const { theme, width, name } = choice
    const { gateway, unused } = started
    const { page, go, settle, complaints, close } = await openConsole(browser, gateway.directory, choice)
    const look = async (step: string) => {
      await settle()
      await page.screenshot({ path: join(pictures, `console-wizard-${step}-${theme}-${width}.png`), fullPage: true })
      expect(await listAxeViolations(page), step).toEqual([])
    }
    const next = () => page.getByRole('button', { name: 'Continue' }).click()

    await go('/virtual-servers')
    await page.getByRole('link', { name: 'New virtual server' }).click()
    await page.getByRole('textbox', { name: 'URL of an MCP server' }).fill(unused.url)
    await page.getByRole('button', { name: 'Use this URL' }).click()

    await page.getByText('It answers', { exact: true }).waitFor()
    await look('test')
    await next()

    await page.getByRole('radio', { name: /^None/ }).check()
    await look('credential')
    await next()

    await page.getByText('Fixed', { exact: true }).first().click()
    await page.getByRole('checkbox', { name: 'echo' }).check()
    await look('capabilities')
    await next()

    await page.getByRole('radio', { name: 'Who the project lets in' }).check()
    await look('sign-in')
    await next()

    await page.getByRole('textbox', { name: 'Name' }).fill(name)
    await page.getByRole('textbox', { name: 'Title' }).fill('Echo')
    await look('name')
    await next()

    await page.getByRole('region', { name: /^Diff of config\/routes/ }).waitFor()
    await look('review')
    expect(await readFile(join(gateway.directory, 'config/routes.oas.json'), 'utf8')).not.toContain(`"/mcp/${name}"`)
    await page.getByRole('button', { name: 'Save and run' }).click()
    await page.waitForURL(`**/console/virtual-servers/${name}`)
    expect(await readFile(join(gateway.directory, 'config/routes.oas.json'), 'utf8')).toContain(`"/mcp/${name}"`)

    await page.getByRole('tab', { name: 'Try a tool' }).click()
    await page.getByRole('button', { name: /^echo/ }).click()
    await page.getByRole('button', { name: 'Call' }).click()
    await page.getByRole('region', { name: 'Result' }).getByText('Success').waitFor()
    await look('try')

    const memory = createSdkV2Memory((url) => completeSignIn(url, { subject: 'ada' }))
    const client = await connectSdkV2(gateway.server(name), { era: 'auto', memory })
    expect(await client.listTools()).toEqual(['echo'])
    expect((await client.callTool('echo', {})).isError).toBe(false)
    await client.close()

    await page.getByRole('link', { name: 'Traffic of this virtual server' }).click()
    // The call of the administrator, and that of the client.
    await expect.poll(() => page.locator('tbody tr').filter({ hasText: 'tools/call' }).count()).toBe(2)
    expect(complaints).toEqual([])
    await close()
  },
)

it('a project whose files are kept elsewhere shows the diff to commit, and writes nothing', async () => {
  const readOnly = await startConsoleGateway({ admin: { listen: { port: 0 }, readOnly: true } })
  const { page, go, close } = await openConsole(browser, readOnly.gateway.directory)
  await go('/new-virtual-server')
  await page.getByRole('textbox', { name: 'URL of an MCP server' }).fill(readOnly.unused.url)
  await page.getByRole('button', { name: 'Use this URL' }).click()
  await page.getByText('It answers', { exact: true }).waitFor()
  for (let step = 0; step < 4; step++) await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('textbox', { name: 'Name' }).fill('echo')
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText('The console does not write here').waitFor()
  expect(await page.getByLabel(/^diff of config\/routes/).innerText()).toContain('+')
  expect(await page.getByRole('button', { name: 'Save and run' }).count()).toBe(0)
  await close()
  await readOnly.close()
})
