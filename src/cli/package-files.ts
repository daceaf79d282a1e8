import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Root of the package: the same number of folders up from `src/cli` and from `dist/cli`. */
const packageDirectory: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** Version of this package. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(join(packageDirectory, 'package.json'), 'utf8')) as { version: string }
  return version
}

/** Folder of the demo project that `init` copies: the example itself in a checkout, its copy in the published package. */
export function quickstartDirectory(): string {
  const example = join(packageDirectory, 'examples', '01-quickstart')
  return existsSync(example) ? example : join(packageDirectory, 'templates', 'quickstart')
}
