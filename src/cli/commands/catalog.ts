import { Command } from 'commander'
import { commandGroup } from '../command-group.ts'

/** `sallyport catalog`: the curated upstreams. */
export function catalogCommand(): Command {
  return commandGroup(
    'catalog',
    'List and show the curated upstreams, which `sallyport add` writes into a project.',
    [listCommand(), showCommand()],
    '\nExamples:\n  $ sallyport catalog list\n  $ sallyport catalog show linear',
  )
}

function listCommand(): Command {
  return new Command('list')
    .description('List the curated upstreams, how they authenticate, and when each was verified.')
    .option('--json', 'Print the entries as JSON.')
    .addHelpText('after', '\nExamples:\n  $ sallyport catalog list --json')
    .action(async (options) => {
      await (await import('../manage-catalog.ts')).listCatalog(options)
    })
}

function showCommand(): Command {
  return new Command('show')
    .description('Show all that is known of one curated upstream.')
    .argument('<id>', 'Id of the upstream.')
    .option('--json', 'Print the entry as JSON.')
    .addHelpText('after', '\nExamples:\n  $ sallyport catalog show github')
    .action(async (id: string, options) => {
      await (await import('../manage-catalog.ts')).showCatalogEntry(id, options)
    })
}
