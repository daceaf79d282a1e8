import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { makeConsoleLink } from './admin-client.ts'

/** How the browser is set. */
export interface ConsoleOptions {
  readonly theme?: 'light' | 'dark'
  readonly width?: number
}

/** The console in a browser, signed in as an owner. */
export interface OpenConsole {
  readonly page: Page
  /** Opens a screen by its address below /console, and waits until everything on it was answered. */
  readonly go: (path: string) => Promise<void>
  /** Resolves when no answer is under way and nothing says that it is loading. */
  readonly settle: () => Promise<void>
  /** What should not have happened: errors of scripts and policies, answers that are errors, requests that leave the origin. */
  readonly complaints: string[]
  readonly close: () => Promise<void>
}

/** Opens the console of the gateway in `directory` with a one-time link. */
export async function openConsole(
  browser: Browser,
  directory: string,
  { theme = 'light', width = 1440 }: ConsoleOptions = {},
): Promise<OpenConsole> {
  const context = await browser.newContext({
    colorScheme: theme,
    reducedMotion: 'reduce',
    viewport: { width, height: 900 },
  })
  context.setDefaultTimeout(10_000)
  const page = await context.newPage()
  const link = await makeConsoleLink(directory)
  const complaints = collectComplaints(page, link.origin)
  const settle = async () => {
    // The title of the screen, whose code is loaded after that of the shell.
    await page.getByRole('main').getByRole('heading', { level: 1 }).waitFor()
    // The live tail never ends, so there is no moment without any request.
    await page.locator('.mantine-Loader-root, [aria-busy=true]').first().waitFor({ state: 'detached' })
  }
  await page.goto(link.href)
  await page.waitForURL(`${link.origin}/console/**`)
  return {
    page,
    settle,
    complaints,
    go: async (path) => {
      await page.goto(`${link.origin}/console${path}`)
      await settle()
    },
    close: () => context.close(),
  }
}

function collectComplaints(page: Page, origin: string): string[] {
  const complaints: string[] = []
  page.on('console', (entry) => {
    if (entry.type() === 'error' || entry.type() === 'warning') complaints.push(`${entry.type()}: ${entry.text()}`)
  })
  page.on('pageerror', (error) => complaints.push(`thrown: ${error.message}`))
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== origin) complaints.push(`request to ${request.url()}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`${response.status()} of ${response.url()}`)
  })
  return complaints
}

/** Rules of WCAG and best practices that a page breaks, by axe-core, with the elements. */
export async function listAxeViolations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const found = await page.evaluate<axe.AxeResults>(`axe.run(document)`)
  // Text in the colour of what is behind it: axe leaves it to people, as it may be meant so.
  const invisible = found.incomplete.map((rule) => ({
    ...rule,
    nodes: rule.nodes.filter(({ any }) => any.some((check) => Object(check.data).messageKey === 'equalRatio')),
  }))
  return [...found.violations, ...invisible].flatMap(({ id, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')} ${failureSummary}`),
  )
}
