import { Command } from 'commander'
import { commandGroup } from '../command-group.ts'
import { parseTenant } from '../parse-options.ts'

/** `sallyport grants`: what people allowed clients. */
export function grantsCommand(): Command {
  return commandGroup(
    'grants',
    'List and revoke what people allowed OAuth clients.',
    [listCommand(), revokeCommand()],
    '\nWorks beside a running gateway.\n\nExamples:\n  $ sallyport grants list --subject ada\n  $ sallyport grants revoke --subject ada --server tracker',
  )
}

function listCommand(): Command {
  return filtered(new Command('list').description('List grants that hold, newest first.'))
    .option('--json', 'Print the grants as JSON.')
    .addHelpText('after', '\nExamples:\n  $ sallyport grants list --client cursor --json')
    .action(async (directory: string, options) => {
      await (await import('../manage-grants.ts')).showGrants(directory, options)
    })
}

function revokeCommand(): Command {
  const description =
    'Revoke every grant that fits all filters, with its tokens. A running gateway refuses them within a second and ends their streams.'
  return filtered(new Command('revoke').description(description))
    .option('--all', 'Without a filter: every grant. Everybody signs in again.')
    .option('--json', 'Print the revoked grants as JSON.')
    .addHelpText('after', '\nExamples:\n  $ sallyport grants revoke --subject ada')
    .action(async (directory: string, options) => {
      await (await import('../manage-grants.ts')).revokeGrants(directory, options)
    })
}

function filtered(command: Command): Command {
  return command
    .argument('[directory]', 'Directory of the project.', '.')
    .option('--tenant <name>', 'Grants of this tenant; without it, of every one.', parseTenant)
    .option('--id <grant>', 'One grant, by its id.')
    .option('--subject <id>', 'Grants of this person.')
    .option('--client <id or name>', 'Grants to this OAuth client, by its id or the name it gave itself.')
    .option('--server <name or path>', 'Grants for this virtual server: its name, route path or resource URL.')
}
