import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { completeSignIn } from '../harness/browser-login.ts'
import { type ConsoleGateway, makeTraffic, startConsoleGateway } from '../harness/console-gateway.ts'
import { openChromium } from '../harness/open-chromium.ts'
import { listAxeViolations, type OpenConsole, openConsole } from '../harness/open-console.ts'
import { postRaw } from '../harness/post-message.ts'
import { connectSdkV2, createSdkV2Memory } from '../harness/sdk-v2-client.ts'

// What an operator does on each screen, in a real browser in front of a running gateway.
let started: ConsoleGateway
let browser: Browser
let visit: OpenConsole
let page: Page

beforeAll(async () => {
  started = await startConsoleGateway({ events: { flushMilliseconds: 20, prices: { currency: 'EUR', perCall: 0.02 } } })
  await makeTraffic(started)
  browser = await openChromium()
  visit = await openConsole(browser, started.gateway.directory)
  page = visit.page
})
afterAll(async () => {
  await browser?.close()
  await started?.close()
})

const rows = () => page.locator('tbody tr')

it('every number of the overview opens exactly the exchanges that it counts', async () => {
  await visit.go('/')
  const figures = page.getByRole('list', { name: 'Key figures' })
  const figure = (name: string) => figures.getByRole('listitem').filter({ hasText: name }).getByRole('link').first()
  const counted = Number(await figure('Exchanges').textContent())
  expect(counted).toBeGreaterThan(10)
  await figure('Exchanges').click()
  await page.waitForURL('**/console/traffic?**')
  await visit.settle()
  await expect.poll(() => rows().count()).toBe(counted)
  await page.goBack()
  await visit.settle()
  const upstreamErrors = page.getByRole('link', { name: /upstream errors/ })
  const failed = Number.parseInt((await upstreamErrors.textContent()) ?? '', 10)
  expect(failed).toBeGreaterThan(0)
  await upstreamErrors.click()
  await page.waitForURL(/failureOrigin=upstream/)
  await visit.settle()
  await expect.poll(() => rows().count()).toBe(failed)
  expect(await page.getByText('upstream_unreachable').count()).toBeGreaterThan(0)
})

it('a row of the breakdown narrows the whole overview down', async () => {
  await visit.go('/')
  const breakdown = page.getByRole('group', { name: 'Breakdown' })
  await breakdown.getByRole('row').filter({ hasText: 'delete_issue' }).click()
  await page.waitForURL(/capability=delete_issue/)
  await visit.settle()
  await expect.poll(() => breakdown.locator('tbody tr').count()).toBe(1)
  await page.getByRole('button', { name: 'Without Tool, prompt or resource' }).click()
  await expect.poll(() => breakdown.locator('tbody tr').count()).toBeGreaterThan(1)
})

it('a call appears in the live tail, and its drawer tells every step', async () => {
  await visit.go('/traffic?virtualServer=tracker&capability=list_issues')
  await page.getByText('Live', { exact: true }).waitFor()
  await visit.settle()
  const before = await rows().count()
  const memory = createSdkV2Memory((url) => completeSignIn(url, { subject: 'ada' }))
  const client = await connectSdkV2(started.gateway.server('tracker'), { era: 'auto', memory })
  await client.callTool('list_issues', { status: 'closed' })
  await client.close()
  await expect.poll(() => rows().count()).toBe(before + 1)
  await rows().first().click()
  const drawer = page.getByRole('dialog')
  await drawer.getByText('fair-use').waitFor()
  const text = await drawer.innerText()
  expect(await listAxeViolations(page)).toEqual([])
  for (const said of ['sign-in', 'tracker-key', 'Gateway', 'Upstream', 'ada', 'tools/call'])
    expect(text).toContain(said)
  await page.keyboard.press('Escape')
})

it('a refusal says why and what to do', async () => {
  await visit.go('/traffic?reason=capability_not_allowed')
  await rows().first().click()
  const reason = page.getByRole('dialog').getByRole('region', { name: 'Reason' })
  await reason.getByText('What to do').waitFor()
  expect(await listAxeViolations(page)).toEqual([])
  expect(await page.getByRole('dialog').innerText()).toContain('read-only')
  await page.keyboard.press('Escape')
})

it('a condition is added by hand, and is in the address', async () => {
  await visit.go('/traffic')
  await page.getByRole('button', { name: 'Filter', exact: true }).click()
  const form = page.getByRole('dialog', { name: 'Filter' })
  await form.getByRole('combobox', { name: 'Is' }).fill('tracker-read-only')
  await page.keyboard.press('Enter')
  await page.waitForURL(/virtualServer=tracker-read-only/)
  await visit.settle()
  await expect
    .poll(async () => (await rows().allInnerTexts()).every((row) => row.includes('tracker-read-only')))
    .toBe(true)
})

it('an upstream is asked whether it answers', async () => {
  await visit.go('/upstreams')
  await rows().filter({ hasText: 'Notes' }).first().click()
  const drawer = page.getByRole('dialog')
  await drawer.getByRole('button', { name: 'Ask whether it answers' }).click()
  await drawer.getByText('Reachable').waitFor()
  await page.keyboard.press('Escape')
})

it('a key is shown once, and revoked', async () => {
  await visit.go('/keys')
  await page.getByRole('button', { name: 'New key' }).first().click()
  const dialogue = page.getByRole('dialog', { name: 'New API key' })
  await dialogue.getByRole('textbox', { name: 'Consumer' }).fill('nightly-report')
  await dialogue.getByRole('button', { name: 'Make key' }).click()
  const secret = await dialogue.getByLabel('API key', { exact: true }).innerText()
  expect(secret.length).toBeGreaterThan(30)
  expect(await listAxeViolations(page)).toEqual([])
  await dialogue.getByRole('button', { name: 'I have copied it' }).click()
  await dialogue.waitFor({ state: 'hidden' })
  expect(await page.content()).not.toContain(secret)
  const row = rows().filter({ hasText: 'nightly-report' })
  await row.getByRole('button', { name: 'Revoke' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await row.waitFor({ state: 'detached' })
  await page.getByText('Revoked', { exact: true }).click()
  await rows().filter({ hasText: 'nightly-report' }).waitFor()
})

it('a client is registered with a secret that is shown once', async () => {
  await visit.go('/clients')
  await page.getByRole('button', { name: 'New client' }).click()
  const dialogue = page.getByRole('dialog', { name: 'New client' })
  await dialogue.getByRole('textbox', { name: 'Name' }).fill('Batch jobs')
  expect(await listAxeViolations(page)).toEqual([])
  await dialogue.getByLabel('Virtual servers it calls on its own behalf').fill('tracker')
  await page.keyboard.press('Enter')
  await page.keyboard.press('Tab')
  await dialogue.getByRole('button', { name: 'Register' }).click()
  const secret = await dialogue.getByLabel('client secret', { exact: true }).innerText()
  await dialogue.getByRole('button', { name: 'Done' }).click()
  await rows().filter({ hasText: 'Batch jobs' }).waitFor()
  expect(await page.content()).not.toContain(secret)
})

it('a grant is revoked, which ends its tokens', async () => {
  const memory = createSdkV2Memory((url) => completeSignIn(url, { subject: 'edsger' }))
  const client = await connectSdkV2(started.gateway.server('tracker'), { era: 'legacy', memory })
  await visit.go('/clients')
  await page.getByRole('tab', { name: 'Grants' }).click()
  const row = rows().filter({ hasText: 'edsger' })
  await row.getByRole('button', { name: 'Revoke' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await row.waitFor({ state: 'detached' })
  await started.gateway.waitForEvent(({ type, subject }) => type === 'auth_token_revoked' && subject === 'edsger')
  await client.close()
})

it('people are found by name, and their calls opened', async () => {
  await visit.go('/people')
  await page.getByRole('textbox', { name: 'Search people' }).fill('grace')
  await expect.poll(() => rows().count()).toBe(1)
  await rows().first().getByRole('link').first().click()
  await page.waitForURL(/traffic\?.*subject=/)
})

it('the audit trail is verified', async () => {
  await visit.go('/audit')
  await page.getByRole('button', { name: 'Verify now' }).click()
  await page.getByText('Intact').waitFor()
  expect(await listAxeViolations(page)).toEqual([])
  await rows().filter({ hasText: 'admin_changed' }).first().click()
  await page.getByRole('dialog').getByText('After').waitFor()
  await page.keyboard.press('Escape')
})

it('a file is edited: problems at their place, the diff, the history, and the way back', async () => {
  const file = join(started.gateway.directory, 'config/policies.json')
  const original = await readFile(file, 'utf8')
  await visit.go('/configuration?file=config%2Fpolicies.json')
  const editor = page.getByRole('textbox', { name: 'Text of config/policies.json' })
  await editor.waitFor()
  await replaceText('"requestsAllowed": 600', '"requestsAlowed": 500')
  await page.getByText('It would not run').waitFor()
  expect(await listAxeViolations(page)).toEqual([])
  const problems = page.getByRole('list', { name: 'Problems' })
  expect(await problems.innerText()).toContain('requestsAllowed')
  // To the next problem: the editor has only those lines in the page that are in sight.
  await page.locator('.cm-content').press('F8')
  await page.locator('.cm-lintRange-error').first().waitFor()
  await replaceText('"requestsAlowed": 500', '"requestsAllowed": 500')
  await page.getByText('It would run').waitFor()
  await page.getByRole('button', { name: 'Review changes' }).click()
  const review = page.getByRole('dialog', { name: 'Review changes' })
  await review.getByRole('region', { name: 'Diff of config/policies.json' }).waitFor()
  expect(await listAxeViolations(page)).toEqual([])
  await review.getByRole('textbox', { name: 'Why' }).fill('fewer calls')
  await review.getByRole('button', { name: 'Save and run' }).click()
  await review.waitFor({ state: 'hidden' })
  expect(await readFile(file, 'utf8')).toBe(original.replace('"requestsAllowed": 600', '"requestsAllowed": 500'))
  await page.getByRole('tab', { name: 'History' }).click()
  await rows().filter({ hasText: 'fewer calls' }).click()
  await page.getByRole('button', { name: 'Take this change back' }).click()
  const back = page.getByRole('dialog', { name: 'Take this change back?' })
  await back.getByRole('button', { name: 'Take back and run' }).click()
  await back.waitFor({ state: 'hidden' })
  expect(await readFile(file, 'utf8')).toBe(original)
})

it('the editor knows the schema of a file: it offers names, values, and what they mean', async () => {
  await visit.go('/configuration?file=sallyport.jsonc')
  await page.locator('.cm-line').first().click()
  await page.keyboard.press('End')
  await page.keyboard.press('Enter')
  await page.keyboard.type('"publ')
  await page.locator('.cm-tooltip-autocomplete').getByText('publicUrl').click()
  await page
    .locator('.cm-line')
    .filter({ hasText: /^ *"publicUrl": *$/ })
    .waitFor()
  await page.locator('.cm-content').getByText('"flushMilliseconds"').hover()
  await page.locator('.cm-description').waitFor()
  await page.getByRole('button', { name: 'Discard' }).click()
  await page.getByRole('button', { name: 'Review changes' }).waitFor({ state: 'hidden' })
})

it('a file of YAML has its colours, and its problems at their place', async () => {
  const file = join(started.gateway.directory, 'config/more.oas.yaml')
  await writeFile(file, '# later\nopenapi: 3.1.0\ninfo: { title: More, version: "1" }\npaths: {}\n')
  await visit.go('/configuration?file=config%2Fmore.oas.yaml')
  const styleOf = (text: string, property: string) =>
    page
      .locator('.cm-line span')
      .getByText(text, { exact: true })
      .evaluate((element, name) => element.computedStyleMap().get(name).toString(), property)
  expect(await styleOf('# later', 'font-style')).toBe('italic')
  expect(await styleOf('openapi', 'color')).not.toBe(await styleOf('# later', 'color'))
  await replaceText('paths: {}', 'paths: { /x: { post: { x-gateway-route: 5 } } }')
  await page.getByText('It would not run').waitFor()
  await page.locator('.cm-lintRange-error').first().waitFor()
  await page.getByRole('button', { name: 'Discard' }).click()
  await page.getByRole('button', { name: 'Review changes' }).waitFor({ state: 'hidden' })
  await rm(file)
})

it('a virtual server is switched off and on again', async () => {
  const url = started.gateway.server('notes')
  await visit.go('/virtual-servers/notes')
  await page.getByRole('button', { name: 'Change' }).click()
  await page.getByRole('menuitem', { name: 'Switch off' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Switch off' }).click()
  const switchedOff = page.getByRole('region', { name: 'Switched off' })
  await switchedOff.getByText('notes').first().waitFor()
  expect((await postRaw(url, '{}')).status).toBe(404)
  await switchedOff.getByRole('button', { name: 'Switch on' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Switch on' }).click()
  await switchedOff.waitFor({ state: 'detached' })
  expect((await postRaw(url, '{}')).status).toBe(401)
})

it('the overview says what calls cost, and whom', async () => {
  await visit.go('/')
  const cost = page.getByRole('region', { name: 'Cost' })
  await cost.getByText('€').first().waitFor()
  const ada = cost.getByRole('row').filter({ hasText: 'ada' })
  await ada.getByRole('link').click()
  await page.waitForURL(/subject=ada/)
})

it('nothing was complained about, and no request left the origin', () => {
  expect(visit.complaints).toEqual([])
})

/** Finds a text in the editor and writes another one over it, as a person would. */
async function replaceText(from: string, to: string): Promise<void> {
  await page.locator('.cm-content').click()
  await page.keyboard.press('Control+f')
  await page.locator('.cm-search input[name=search]').fill(from)
  await page.locator('.cm-search input[name=replace]').fill(to)
  await page.locator('.cm-search button[name=replaceAll]').click()
  await page.keyboard.press('Escape')
}
