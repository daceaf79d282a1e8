import { Command } from 'commander'
import type { InitOptions } from '../init-answers.ts'

/** `sallyport init`: a new project. */
export function initCommand(): Command {
  return new Command('init')
    .description('Write a new project that runs at once: in front of your MCP server, or of a demo issue tracker.')
    .argument('[directory]', 'Directory to write; created if it does not exist.', '.')
    .option('--name <name>', 'Name of the virtual server, e.g. linear. Default: from the upstream, or tracker.')
    .option('--upstream <url>', 'URL of your MCP server. Default: the demo.')
    .option('--api-key-env <NAME>', 'Environment variable with the API key that the upstream wants.')
    .option('-y, --yes', 'Ask nothing.')
    .option('--force', 'Write into a directory that is not empty; files of the same name are replaced.')
    .addHelpText(
      'after',
      '\nExamples:\n  $ sallyport init my-gateway\n  $ sallyport init my-gateway --upstream https://mcp.example.com/mcp --api-key-env EXAMPLE_API_KEY --yes',
    )
    .action(async (directory: string, options: InitOptions) => {
      const { initProject } = await import('../init-project.ts')
      await initProject(directory, options)
    })
}
