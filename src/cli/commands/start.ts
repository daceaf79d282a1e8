import { Command } from 'commander'

/** `sallyport start`: run a project for others. */
export function startCommand(): Command {
  return new Command('start')
    .description('Run a project in production: needs an https publicUrl and vault keys, refuses dev login.')
    .argument('[directory]', 'Directory of the project.', '.')
    .addHelpText(
      'after',
      '\nSIGHUP reloads the project; with problems the running configuration stays. SIGTERM and SIGINT let running calls finish.\n\nExamples:\n  $ sallyport start /etc/sallyport\n  $ kill -HUP <pid>',
    )
    .action(async (directory: string) => {
      const { runGateway } = await import('../run-gateway.ts')
      await runGateway(directory, 'start')
    })
}
