import { Command } from 'commander'
import { defaultTenant } from '../../lib/tenant.ts'
import { commandGroup } from '../command-group.ts'
import { collect, parseTenant } from '../parse-options.ts'

/** `sallyport clients`: OAuth clients that the operator registers. */
export function clientsCommand(): Command {
  return commandGroup(
    'clients',
    'Register, list and remove OAuth clients that do not register themselves.',
    [createCommand(), listCommand(), revokeCommand()],
    '\nWorks beside a running gateway.\n\nExamples:\n  $ sallyport clients create "Nightly report" --server tracker\n  $ sallyport clients list',
  )
}

function createCommand(): Command {
  return new Command('create')
    .description(
      'Register a client and print its id, and its secret once. With --server it calls on its own behalf (client_credentials), with --redirect-uri people sign in through it.',
    )
    .argument('<name>', 'Name shown to people and in events.')
    .argument('[directory]', 'Directory of the project.', '.')
    .option('--server <name>', 'Virtual server it may call on its own behalf, or "*"; may be repeated.', collect)
    .option('--scope <name>', 'Scope of tools it may ask for on its own behalf; may be repeated.', collect)
    .option('--redirect-uri <uri>', 'Where people are sent back to; may be repeated.', collect)
    .option('--jwks-file <path>', 'Public keys (JWKS) for private_key_jwt, instead of a secret.')
    .option('--jwks-uri <url>', 'Where its public keys are, instead of a secret.')
    .option('--id <id>', 'Client id; chosen at random otherwise.')
    .option('--tenant <name>', 'Tenant of the client: what it receives holds there only.', parseTenant, defaultTenant)
    .option('--json', 'Print id and secret as JSON.')
    .addHelpText('after', '\nExamples:\n  $ sallyport clients create "Nightly report" --server tracker')
    .action(async (name: string, directory: string, options) => {
      await (await import('../manage-clients.ts')).createClient(name, directory, options)
    })
}

function listCommand(): Command {
  return new Command('list')
    .description('List pre-registered clients: those of sallyport.jsonc and those made here.')
    .argument('[directory]', 'Directory of the project.', '.')
    .option('--tenant <name>', 'Only clients of this tenant.', parseTenant)
    .option('--json', 'Print the clients as JSON.')
    .addHelpText('after', '\nExamples:\n  $ sallyport clients list --json')
    .action(async (directory: string, options) => {
      await (await import('../manage-clients.ts')).listClients(directory, options)
    })
}

function revokeCommand(): Command {
  return new Command('revoke')
    .description('Remove a client made here, with its grants. A running gateway refuses its tokens within a second.')
    .argument('<id>', 'Client id.')
    .argument('[directory]', 'Directory of the project.', '.')
    .option('--tenant <name>', 'Tenant of the client.', parseTenant, defaultTenant)
    .option('--json', 'Print the result as JSON.')
    .addHelpText('after', '\nExamples:\n  $ sallyport clients revoke client_1f0c2b7a9d3e4f56')
    .action(async (id: string, directory: string, options) => {
      await (await import('../manage-clients.ts')).revokeClient(id, directory, options)
    })
}
