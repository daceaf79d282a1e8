import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Root of the package: the same number of folders up from `src/cli` and from `dist/cli`. */
export const packageDirectory: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** Version of this package. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageDirectory, 'package.json'), 'utf8')) as { version: string }
  return version
}

/** Folder of the demo project that `init` copies: `templates/quickstart` of the published package, else the example itself. */
export function quickstartDirectory(): string {
  const published = join(packageDirectory, 'templates', 'quickstart')
  return existsSync(published) ? published : join(packageDirectory, 'examples', '01-quickstart')
}
