import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { packageDirectory, readPackageManifest } from '../lib/package-manifest.ts'

/** Version of this package. */
export function packageVersion(): string {
  return readPackageManifest().version
}

/** How a new project depends on this package: on the folder of a checkout, which nobody has published, else on the version. */
export function packageReference(): string {
  return existsSync(join(packageDirectory, 'src')) ? `file:${packageDirectory}` : `^${packageVersion()}`
}

/** Packages of the carried Node.js by platform, for projects whose own scripts need it. */
export function carriedNodes(): { readonly [name: string]: string } {
  return readPackageManifest().optionalDependencies
}

/** Folder of the demo project that `init` copies: the example itself in a checkout, its copy in the published package. */
export function quickstartDirectory(): string {
  const example = join(packageDirectory, 'examples', '01-quickstart')
  return existsSync(example) ? example : join(packageDirectory, 'templates', 'quickstart')
}
