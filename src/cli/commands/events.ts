import { Command, InvalidArgumentError } from 'commander'
import { collectPair, parseSince, parseTenant } from '../parse-options.ts'
import type { EventsOptions } from '../show-events.ts'

/** `sallyport events`: what happened. */
export function eventsCommand(): Command {
  return new Command('events')
    .description('Show what happened: sign-ins, lists, calls, refusals.')
    .argument('[directory]', 'Directory of the project.', '.')
    .option('-f, --follow', 'Go on with new events as they are written.')
    .option('--json', 'Print one JSON object per line.')
    .option('--steps', 'Below each event, what every policy and the upstream decided, and how long it took.')
    .option('--tenant <name>', 'Only events of this tenant.', parseTenant)
    .option('--where <field=value>', 'Only events with this value in this field. Several must all fit.', collectPair)
    .option('-n, --limit <number>', 'Most events to show.', parseLimit, 50)
    .option(
      '--since <time>',
      'Only events since then: a time (2026-11-20T09:00Z) or an age (30s, 15m, 2h, 7d).',
      parseSince,
    )
    .addHelpText(
      'after',
      '\nWorks beside a running gateway. Fields: docs/reference/events.md.\n\nExamples:\n  $ sallyport events --follow\n  $ sallyport events --where virtualServer=linear --where outcome=failure\n  $ sallyport events --since 1h --json | jq \'select(.outcome != "success")\'',
    )
    .action(async (directory: string, options: EventsOptions) => {
      const { showEvents } = await import('../show-events.ts')
      await showEvents(directory, options)
    })
}

function parseLimit(text: string): number {
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1) throw new InvalidArgumentError('Write a whole number of at least 1.')
  return limit
}
