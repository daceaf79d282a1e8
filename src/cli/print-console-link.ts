import { createConsoleLink, linkMinutes } from '../admin/console-link.ts'
import { printAnswer } from './command-group.ts'
import { UsageError } from './describe-error.ts'
import { withStore } from './open-store.ts'
import { nameOperator } from './record-administration.ts'

/** Prints a link with which one person opens the console as an owner: ten minutes, once. */
export async function printConsoleLink(directory: string, options: { readonly json?: boolean }): Promise<void> {
  const url = await withStore(directory, async ({ storage, settings }) => {
    if (!settings.admin.enabled) throw new UsageError('this project has no console: admin.enabled is false.')
    return createConsoleLink(storage, nameOperator(), Date.now)
  })
  if (url === undefined)
    throw new UsageError('start the gateway first: no console was ever opened on the store of this project.')
  printAnswer(options.json, { url }, url)
  if (!options.json)
    process.stderr.write(
      `Open it within ${linkMinutes} minutes, while the gateway runs. It works once; the audit trail names you.\n`,
    )
}
