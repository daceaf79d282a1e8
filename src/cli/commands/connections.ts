import { Command } from 'commander'
import { defaultTenant } from '../../lib/tenant.ts'
import { commandGroup } from '../command-group.ts'
import { parseTenant } from '../parse-options.ts'

const tenantHelp = 'Tenant of the connection.'

/** `sallyport connections`: links to upstreams. */
export function connectionsCommand(): Command {
  return commandGroup(
    'connections',
    'List, make and revoke connections to upstreams (mcp-token-exchange-inbound).',
    [listCommand(), connectCommand(), setKeyCommand(), revokeCommand()],
    '\nWorks beside a running gateway. People see and change their own at /auth/connections.\n\nExamples:\n  $ sallyport connections list --upstream linear\n  $ sallyport connections connect linear\n  $ sallyport connections revoke linear --subject ada',
  )
}

function listCommand(): Command {
  return new Command('list')
    .description('List connections, newest first; never a token or key.')
    .argument('[directory]', 'Directory of the project.', '.')
    .option('--subject <id>', 'Connections of this person.')
    .option('--shared', 'Connections that serve everybody.')
    .option('--upstream <id>', 'Connections to this upstream.')
    .option('--tenant <name>', 'Connections of this tenant.', parseTenant)
    .option('--json', 'Print the connections as JSON.')
    .addHelpText('after', '\nExamples:\n  $ sallyport connections list --subject ada --json')
    .action(async (directory: string, options) => {
      await (await import('../list-connections.ts')).listConnections(directory, options)
    })
}

function connectCommand(): Command {
  return new Command('connect')
    .description('Print a link with which an administrator connects the account that serves everybody (shared-oauth).')
    .argument('<upstream>', 'Id of the upstream.')
    .argument('[directory]', 'Directory of the project.', '.')
    .option('--tenant <name>', tenantHelp, parseTenant, defaultTenant)
    .option('--url <origin>', 'Where the gateway is reached; publicUrl of the project if absent.')
    .option('--json', 'Print the link as JSON.')
    .addHelpText(
      'after',
      '\nThe link holds for ten minutes, once. Whoever opens it signs in, and the event names them.\n\nExamples:\n  $ sallyport connections connect linear',
    )
    .action(async (upstream: string, directory: string, options) => {
      await (await import('../manage-connections.ts')).printConnectLink(upstream, directory, options)
    })
}

function setKeyCommand(): Command {
  return owned(new Command('set-key'))
    .description('Store an API key for an upstream, or replace it: from standard input, or typed at a hidden prompt.')
    .option('--json', 'Print the result as JSON.')
    .addHelpText(
      'after',
      '\nThe key is tried at the upstream first. The next call uses it.\n\nExamples:\n  $ sallyport connections set-key maps --shared < key.txt\n  $ sallyport connections set-key maps --subject ada',
    )
    .action(async (upstream: string, directory: string, options) => {
      await (await import('../manage-connections.ts')).setUpstreamKey(upstream, directory, options)
    })
}

function revokeCommand(): Command {
  return owned(new Command('revoke'))
    .description('Remove a connection with its token or key. A running gateway stops using it within a second.')
    .option('--json', 'Print the result as JSON.')
    .addHelpText(
      'after',
      '\nExamples:\n  $ sallyport connections revoke linear --subject ada\n  $ sallyport connections revoke linear --shared',
    )
    .action(async (upstream: string, directory: string, options) => {
      await (await import('../manage-connections.ts')).revokeConnection(upstream, directory, options)
    })
}

function owned(command: Command): Command {
  return command
    .argument('<upstream>', 'Id of the upstream.')
    .argument('[directory]', 'Directory of the project.', '.')
    .option('--subject <id>', 'Of this person.')
    .option('--shared', 'The one that serves everybody.')
    .option('--tenant <name>', tenantHelp, parseTenant, defaultTenant)
}
