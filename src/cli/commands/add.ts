import { Command } from 'commander'

/** `sallyport add`: a curated upstream becomes a route of the project. */
export function addCommand(): Command {
  return new Command('add')
    .description('Add a curated upstream to a project: its route, its policy, and the steps that are left to you.')
    .argument('<id>', 'Id of the upstream, as `catalog list` shows it.')
    .argument('[directory]', 'Directory of the project.', '.')
    .option(
      '--mode <mode>',
      'Whose credential it sees: user-oauth, shared-oauth, user-api-key, shared-api-key or none.',
    )
    .option('--name <name>', 'Name of the virtual server. Default: the id.')
    .option(
      '--inbound <policy...>',
      'Policies of the route in front of its own. Default: the one that signs people in.',
    )
    .option(
      '--client-id-env <NAME>',
      'Variable with the id of a client that you registered. Default: <NAME>_CLIENT_ID.',
    )
    .option('--client-secret-env <NAME>', 'Variable with its secret. Default: <NAME>_CLIENT_SECRET.')
    .option('--api-key-env <NAME>', 'Variable with the key for all. Default: the key is stored in the vault.')
    .option('-y, --yes', 'Ask nothing.')
    .option('--json', 'Print what was added as JSON.')
    .addHelpText(
      'after',
      '\nNothing that is there is overwritten; comments stay. If the result has problems, the files are put back.\n\nExamples:\n  $ sallyport add linear\n  $ sallyport add github my-gateway --mode shared-api-key --api-key-env GITHUB_TOKEN --yes',
    )
    .action(async (id: string, directory: string, options) => {
      await (await import('../manage-catalog.ts')).addFromCatalog(id, directory, options)
    })
}
