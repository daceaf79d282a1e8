import { constants } from 'node:fs'
import { access, realpath } from 'node:fs/promises'
import { join, sep } from 'node:path'

/** Why the files of a project cannot be written; undefined: they can. `isSet`: `admin.readOnly`. */
export async function findReadOnly(
  directory: string,
  files: readonly string[],
  isSet: boolean,
): Promise<string | undefined> {
  if (isSet) return 'admin.readOnly is set: the files of this project are kept elsewhere.'
  for (const file of files) {
    const reason = await findUnwritable(directory, file)
    if (reason !== undefined) return reason
  }
  return (await isWritable(directory)) ? undefined : 'The directory of the project cannot be written.'
}

async function findUnwritable(directory: string, file: string): Promise<string | undefined> {
  const target = await realpath(join(directory, file)).catch(() => undefined)
  if (target === undefined) return undefined
  // Kubernetes mounts a ConfigMap as links through `..data`, and puts back what it says.
  if (target.split(sep).some((part) => /^\.\.(data|\d{4}_)/.test(part)))
    return `${file} comes from a ConfigMap or Secret of Kubernetes.`
  if (!(await isWritable(target))) return `${file} cannot be written.`
  if (!(await isWritable(join(target, '..')))) return `The directory of ${file} cannot be written.`
  return undefined
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK).then(
    () => true,
    () => false,
  )
}
