import { Command } from 'commander'
import type { RouteSpec } from '../../config/project.ts'
import { ProjectError } from '../../config/project-error.ts'
import { compileDirectory } from '../compile-directory.ts'
import { formatTable } from '../format-table.ts'

/** `sallyport routes`: what the project serves. */
export function routesCommand(): Command {
  return new Command('routes')
    .description('List the routes of a project with their upstreams and policies.')
    .argument('[directory]', 'Directory of the project.', '.')
    .option('--json', 'Print the routes as JSON.')
    .addHelpText('after', '\nExamples:\n  $ sallyport routes\n  $ sallyport routes my-gateway --json')
    .action(runRoutes)
}

async function runRoutes(directory: string, options: { json?: boolean }): Promise<void> {
  const result = await compileDirectory(directory, 'dev')
  if ('problems' in result) throw new ProjectError(result.problems)
  const rows = result.project.routes.map(describeRoute)
  process.stdout.write(`${options.json ? JSON.stringify(rows, undefined, 2) : toTable(rows)}\n`)
}

function describeRoute({ path, methods, operationId, handler, inbound, upstreamUrl, virtualServer }: RouteSpec) {
  const policies = inbound.map((policy) => policy.name)
  const { exportName } = handler.type
  return { path, methods, operationId, handler: exportName, upstreamUrl, policies, resource: virtualServer?.resource }
}

function toTable(rows: readonly ReturnType<typeof describeRoute>[]): string {
  return formatTable(
    ['PATH', 'METHODS', 'NAME', 'UPSTREAM', 'POLICIES'],
    rows.map((row) => [
      row.path,
      row.methods.join(','),
      row.operationId,
      row.upstreamUrl,
      row.policies.join(' → ') || '–',
    ]),
  )
}
