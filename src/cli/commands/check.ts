import { Command } from 'commander'
import { countProblems, formatProblems } from '../../config/format-problems.ts'
import type { Problem, Project } from '../../config/project.ts'
import { ProjectError } from '../../config/project-error.ts'
import { compileDirectory } from '../compile-directory.ts'

/** `sallyport check`: every problem of a project. */
export function checkCommand(): Command {
  return new Command('check')
    .description('Check a project: every problem of every file, with its place and what to write instead.')
    .argument('[directory]', 'Directory of the project.', '.')
    .option('--production', 'Check also what `sallyport start` asks for: an https publicUrl, no dev login, vault keys.')
    .option('--json', 'Print the problems as JSON.')
    .addHelpText(
      'after',
      '\nExits with 1 when there is an error; warnings alone are fine.\n\nExamples:\n  $ sallyport check\n  $ sallyport check my-gateway --production --json',
    )
    .action(runCheck)
}

async function runCheck(directory: string, options: { production?: boolean; json?: boolean }): Promise<void> {
  const result = await compileDirectory(directory, options.production ? 'start' : 'dev')
  const compiled = 'project' in result
  const vault = options.production ? await checkVault(directory) : []
  const problems = [...(compiled ? result.project.warnings : result.problems), ...vault]
  const ok = compiled && !vault.some(({ severity }) => severity === 'error')
  const verdict = ok ? describeSize(result.project) : ''
  const text = options.json ? JSON.stringify({ ok, problems }, undefined, 2) : describeProblems(problems, verdict)
  process.stdout.write(`${text}\n`)
  if (!ok) process.exitCode = 1
}

/** Only what `start` reads as well: nothing is made or changed. */
async function checkVault(directory: string): Promise<readonly Problem[]> {
  const { findVaultProblems } = await import('../find-vault-problems.ts')
  return findVaultProblems(directory).catch((error: unknown) => {
    // Settings that cannot be read are among the problems of the project already.
    if (error instanceof ProjectError) return []
    throw error
  })
}

function describeProblems(problems: readonly Problem[], verdict: string): string {
  const lines = problems.length > 0 ? [formatProblems(problems), ''] : []
  return [...lines, countProblems(problems) + verdict].join('\n')
}

function describeSize({ virtualServers: { length } }: Project): string {
  return `; ${length} virtual server${length === 1 ? '' : 's'}`
}
