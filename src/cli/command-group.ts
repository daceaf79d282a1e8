import { Command } from 'commander'

/** A command that only has commands of its own, e.g. `sallyport keys`. Its help names all of them. */
export function commandGroup(name: string, description: string, commands: readonly Command[], help: string): Command {
  const group = new Command(name).description(description).helpCommand(false).addHelpText('after', help)
  for (const command of commands) group.addCommand(command.helpOption('-h, --help', 'Print help.'))
  return group
}

/** Prints an answer: JSON for programs, text for people. */
export function printAnswer(json: boolean | undefined, answer: unknown, text: string): void {
  process.stdout.write(`${json ? JSON.stringify(answer, undefined, 2) : text}\n`)
}

/** A time as people and programs read it; a dash where there is none. */
export function formatTime(milliseconds: number | undefined): string {
  return milliseconds === undefined ? '–' : `${new Date(milliseconds).toISOString().slice(0, 16).replace('T', ' ')}Z`
}
