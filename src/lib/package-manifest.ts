import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** Root of the package: the same number of folders up from `src/lib` and from `dist/lib`. */
export const packageDirectory: string = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** What package.json says of this package. */
export interface PackageManifest {
  readonly version: string
  /** The Node.js that comes with the package, for each platform. */
  readonly optionalDependencies: { readonly [name: string]: string }
}

/** Reads package.json. */
export function readPackageManifest(): PackageManifest {
  return JSON.parse(readFileSync(join(packageDirectory, 'package.json'), 'utf8')) as PackageManifest
}
