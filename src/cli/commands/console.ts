import { Command } from 'commander'

/** `sallyport console`: a one-time link to the console. */
export function consoleCommand(): Command {
  return new Command('console')
    .description('Print a link that opens the console as its owner, once.')
    .argument('[directory]', 'Directory of the project.', '.')
    .option('--json', 'Print JSON.')
    .addHelpText(
      'after',
      '\nWhoever can read and write the data directory may do this; no sign-in is asked for. Others sign in at the console itself,\nwith a role of admin.roles.\n\nExamples:\n  $ sallyport console\n  $ open "$(sallyport console /etc/sallyport)"',
    )
    .action(async (directory: string, options: { json?: boolean }) => {
      await (await import('../print-console-link.ts')).printConsoleLink(directory, options)
    })
}
