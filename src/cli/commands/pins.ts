import { Command } from 'commander'
import { defaultTenant } from '../../lib/tenant.ts'
import { commandGroup } from '../command-group.ts'

/** `sallyport pins`: what is pinned of upstreams. */
export function pinsCommand(): Command {
  return commandGroup(
    'pins',
    'Pin the definitions of tools, prompts and resources in sallyport.pins.json, and see what changed since.',
    [checkCommand(), updateCommand()],
    '\nExamples:\n  $ sallyport pins check\n  $ sallyport pins update linear',
  )
}

function checkCommand(): Command {
  return withOptions(new Command('check'))
    .description('Show what upstreams list otherwise than it is pinned. Exits with 1 when there is something.')
    .addHelpText(
      'after',
      '\nExamples:\n  $ sallyport pins check --json\n  $ sallyport pins check linear --live --token-env LINEAR_TOKEN',
    )
    .action(async (servers: readonly string[], options) => {
      await (await import('../manage-pins.ts')).checkPins(servers, options)
    })
}

function updateCommand(): Command {
  return withOptions(new Command('update'))
    .description(
      'Show what changed and, once you agree, pin what upstreams list now. A running gateway takes it up by itself.',
    )
    .option('-y, --yes', 'Ask nothing.')
    .addHelpText(
      'after',
      '\nReview the difference in Git: the file holds every definition.\n\nExamples:\n  $ sallyport pins update linear --yes',
    )
    .action(async (servers: readonly string[], options) => {
      await (await import('../manage-pins.ts')).updatePins(servers, options)
    })
}

function withOptions(command: Command): Command {
  return command
    .argument('[servers...]', 'Virtual servers. Default: all whose route has mcp-pinned-contracts-inbound.')
    .option('--project <directory>', 'Directory of the project.', '.')
    .option('--tenant <tenant>', 'Tenant in which the upstream was listed.', defaultTenant)
    .option('--live', 'Ask the upstream instead of taking what the gateway saw last.')
    .option('--token-env <NAME>', 'With --live: variable with a bearer token for the upstream.')
    .option('--json', 'Print the differences as JSON.')
}
