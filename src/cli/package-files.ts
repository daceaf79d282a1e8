import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Root of the package: the same number of folders up from `src/cli` and from `dist/cli`. */
const packageDirectory: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

interface Manifest {
  readonly version: string
  /** The Node.js that comes with the package, for each platform. */
  readonly optionalDependencies: { readonly [name: string]: string }
}

function readManifest(): Manifest {
  return JSON.parse(readFileSync(join(packageDirectory, 'package.json'), 'utf8')) as Manifest
}

/** Version of this package. */
export function packageVersion(): string {
  return readManifest().version
}

/** How a new project depends on this package: on the folder of a checkout, which nobody has published, else on the version. */
export function packageReference(): string {
  return existsSync(join(packageDirectory, 'src')) ? `file:${packageDirectory}` : `^${packageVersion()}`
}

/** Packages of the carried Node.js by platform, for projects whose own scripts need it. */
export function carriedNodes(): { readonly [name: string]: string } {
  return readManifest().optionalDependencies
}

/** Folder of the curated upstreams, one JSON file each. */
export function catalogDirectory(): string {
  return join(packageDirectory, 'catalog')
}

/** Folder of the demo project that `init` copies: the example itself in a checkout, its copy in the published package. */
export function quickstartDirectory(): string {
  const example = join(packageDirectory, 'examples', '01-quickstart')
  return existsSync(example) ? example : join(packageDirectory, 'templates', 'quickstart')
}
