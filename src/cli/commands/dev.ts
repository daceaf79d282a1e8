import { Command } from 'commander'

/** `sallyport dev`: run a project while working on it. */
export function devCommand(): Command {
  return new Command('dev')
    .description('Run a project while you work on it: dev login, readable log, reload when a file changes.')
    .argument('[directory]', 'Directory of the project.', '.')
    .addHelpText(
      'after',
      '\nA change with problems is reported and the running configuration stays.\n\nExamples:\n  $ sallyport dev\n  $ sallyport dev my-gateway',
    )
    .action(async (directory: string) => {
      const { runGateway } = await import('../run-gateway.ts')
      await runGateway(directory, 'dev')
    })
}
