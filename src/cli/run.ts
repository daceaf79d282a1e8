import { Command, CommanderError } from 'commander'
import { addCommand } from './commands/add.ts'
import { auditCommand } from './commands/audit.ts'
import { catalogCommand } from './commands/catalog.ts'
import { checkCommand } from './commands/check.ts'
import { clientsCommand } from './commands/clients.ts'
import { connectCommand } from './commands/connect.ts'
import { connectionsCommand } from './commands/connections.ts'
import { consoleCommand } from './commands/console.ts'
import { devCommand } from './commands/dev.ts'
import { eventsCommand } from './commands/events.ts'
import { grantsCommand } from './commands/grants.ts'
import { initCommand } from './commands/init.ts'
import { keysCommand } from './commands/keys.ts'
import { pinsCommand } from './commands/pins.ts'
import { routesCommand } from './commands/routes.ts'
import { signingKeysCommand } from './commands/signing-keys.ts'
import { startCommand } from './commands/start.ts'
import { vaultCommand } from './commands/vault.ts'
import { describeError } from './describe-error.ts'
import { packageVersion } from './package-files.ts'

/** The whole command line as declared; help and the reference page come from it. */
export function createProgram(): Command {
  const program = new Command('sallyport')
    .description('The MCP gateway that you run yourself.')
    .version(packageVersion(), '-v, --version', 'Print the version.')
    .helpOption('-h, --help', 'Print help.')
    .helpCommand('help [command]', 'Print help for a command.')
    .option('--debug', 'Print stack traces with errors.')
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      '\nExamples:\n  $ sallyport init my-gateway\n  $ sallyport dev my-gateway\n  $ sallyport check --json',
    )
  const commands = [
    initCommand(),
    addCommand(),
    catalogCommand(),
    devCommand(),
    startCommand(),
    consoleCommand(),
    checkCommand(),
    routesCommand(),
    eventsCommand(),
    auditCommand(),
    keysCommand(),
    clientsCommand(),
    grantsCommand(),
    connectionsCommand(),
    connectCommand(),
    pinsCommand(),
    signingKeysCommand(),
    vaultCommand(),
  ]
  for (const command of commands) program.addCommand(command.helpOption('-h, --help', 'Print help.'))
  return program
}

/** Runs one command line and returns the exit code: 0 done, 1 the command failed, 2 the command line was wrong. */
export async function runCli(argv: readonly string[]): Promise<number> {
  const program = createProgram()
  for (const command of allCommands(program)) command.exitOverride()
  try {
    await program.parseAsync([...argv], { from: 'user' })
    return Number(process.exitCode ?? 0)
  } catch (error) {
    // Commander has printed its message already.
    if (error instanceof CommanderError) return error.exitCode === 0 || isBareHelp(argv, error) ? 0 : 2
    const debug = program.opts<{ debug?: boolean }>().debug === true
    process.stderr.write(`${describeError(error, debug)}\n`)
    return 1
  }
}

function allCommands(command: Command): Command[] {
  return [command, ...command.commands.flatMap(allCommands)]
}

/** `sallyport` alone shows the help, and that is not a mistake. */
function isBareHelp(argv: readonly string[], error: CommanderError): boolean {
  return argv.length === 0 && error.code === 'commander.help'
}
