import { Command } from 'commander'
import { commandGroup } from '../command-group.ts'

/** `sallyport catalog`: the curated upstreams. */
export function catalogCommand(): Command {
  return commandGroup(
    'catalog',
    'List, show and import curated upstreams, which `sallyport add` writes into a project.',
    [listCommand(), showCommand(), importCommand()],
    '\nExamples:\n  $ sallyport catalog list\n  $ sallyport catalog show linear',
  )
}

const projectOption = 'Directory of the project, whose own entries are in config/catalog.'

function listCommand(): Command {
  return new Command('list')
    .description('List the curated upstreams, how they authenticate, and when each was verified.')
    .option('--project <directory>', projectOption, '.')
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
    .option('--project <directory>', projectOption, '.')
    .option('--json', 'Print the entry as JSON.')
    .addHelpText('after', '\nExamples:\n  $ sallyport catalog show github')
    .action(async (id: string, options) => {
      await (await import('../manage-catalog.ts')).showCatalogEntry(id, options)
    })
}

function importCommand(): Command {
  return new Command('import')
    .description('Read an MCP registry; list its servers, or write the named ones as entries of the project.')
    .argument('<registry-url>', 'URL of the registry, which /v0.1/servers comes behind.')
    .argument('[names...]', 'Names of servers, as the list shows them. None: list.')
    .option('--project <directory>', projectOption, '.')
    .option('--search <text>', 'Only servers with this in their name.')
    .option('--all', 'Write every server that can be reached by URL.')
    .option('--json', 'Print the answer as JSON.')
    .addHelpText(
      'after',
      '\nEntries are written to config/catalog; read them before you add one. Nothing is added to the project by this.\n\nExamples:\n  $ sallyport catalog import https://registry.modelcontextprotocol.io --search linear\n  $ sallyport catalog import https://registry.modelcontextprotocol.io app.linear/linear\n  $ sallyport add linear',
    )
    .action(async (url: string, names: readonly string[], options) => {
      await (await import('../import-catalog.ts')).importCatalog(url, names, options)
    })
}
