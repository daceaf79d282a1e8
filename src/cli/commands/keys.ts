import { Command } from 'commander'
import { defaultTenant } from '../../lib/tenant.ts'
import { commandGroup } from '../command-group.ts'
import { UsageError } from '../describe-error.ts'
import { collectPair, parseExpiry, parseTenant } from '../parse-options.ts'

const tenantHelp = 'Tenant of the consumer.'

/** `sallyport keys`: API keys of consumers. */
export function keysCommand(): Command {
  const group = commandGroup(
    'keys',
    'Make, list and revoke API keys for programs that call without a browser (api-key-inbound).',
    [createCommand(), listCommand(), revokeCommand()],
    '\nWorks beside a running gateway.\n\nExamples:\n  $ sallyport keys create billing --expires 90d --metadata plan=gold\n  $ sallyport keys list\n  $ sallyport keys revoke key_1f0c2b7a9d3e4f56',
  )
  return group.addCommand(rotateCommand(), { hidden: true })
}

/** There are three things that people may mean, and none of them is what the parser would suggest: making another API key. */
function rotateCommand(): Command {
  return new Command('rotate').argument('[directory]').action(() => {
    throw new UsageError(
      'which keys? Those that sign cookies and forms: sallyport signing-keys rotate. Those that seal the store: sallyport vault rotate. ' +
        'An API key: sallyport keys create a second one, then sallyport keys revoke the first.',
    )
  })
}

function createCommand(): Command {
  return new Command('create')
    .description('Make a key for a consumer and print it, once. A consumer may have several, for rotation.')
    .argument('<consumer>', 'Name of the program or customer that will call.')
    .argument('[directory]', 'Directory of the project.', '.')
    .option('--tenant <name>', tenantHelp, parseTenant, defaultTenant)
    .option('--expires <time>', 'When it ends: a time (2027-01-01) or a span (12h, 90d).', parseExpiry)
    .option('--metadata <key=value>', 'What policies may know of the consumer; may be repeated.', collectPair)
    .option('--json', 'Print the key and its id as JSON.')
    .addHelpText('after', '\nExamples:\n  $ sallyport keys create billing --expires 90d --metadata plan=gold')
    .action(async (consumer: string, directory: string, options) => {
      await (await import('../manage-keys.ts')).createKey(consumer, directory, options)
    })
}

function listCommand(): Command {
  return new Command('list')
    .description('List keys with their consumers, never the keys themselves.')
    .argument('[directory]', 'Directory of the project.', '.')
    .option('--tenant <name>', 'Only keys of this tenant.', parseTenant)
    .option('--json', 'Print the keys as JSON.')
    .addHelpText('after', '\nExamples:\n  $ sallyport keys list --json')
    .action(async (directory: string, options) => {
      await (await import('../manage-keys.ts')).listKeys(directory, options)
    })
}

function revokeCommand(): Command {
  return new Command('revoke')
    .description('Revoke a key. A running gateway refuses it within a second and ends what runs under it.')
    .argument('<id>', 'Id of the key, as `keys list` shows it.')
    .argument('[directory]', 'Directory of the project.', '.')
    .option('--tenant <name>', tenantHelp, parseTenant, defaultTenant)
    .option('--json', 'Print the result as JSON.')
    .addHelpText('after', '\nExamples:\n  $ sallyport keys revoke key_1f0c2b7a9d3e4f56')
    .action(async (id: string, directory: string, options) => {
      await (await import('../manage-keys.ts')).revokeKey(id, directory, options)
    })
}
