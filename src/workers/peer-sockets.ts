import { mkdtempSync, rmdirSync, rmSync, unlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { randomToken } from '../lib/random-id.ts'

/** Where workers listen for each other. */
export interface PeerSockets {
  of(name: string): string
  /** That of a process which ended, and may have left it behind. */
  forget(name: string): void
  /** All of them, and the directory. */
  remove(): void
}

/**
 * A directory of this gateway alone (mode 0700), or names of pipes. Throws a sentence that says what to do when there is no place for it. Short,
 * because paths of sockets are: 104 characters.
 */
export function createPeerSockets(platform: NodeJS.Platform = process.platform, parent = tmpdir()): PeerSockets {
  if (platform === 'win32') {
    const mark = randomToken(12)
    return {
      of: (name) => `\\\\.\\pipe\\sallyport-${mark}-${name}`,
      forget: () => undefined,
      remove: () => undefined,
    }
  }
  const directory = createDirectory(parent)
  return {
    of: (name) => join(directory, name),
    forget: (name) => rmSync(join(directory, name), { force: true }),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

/** For a process that ends because the one that started it was killed: removes its socket, and the directory with the last one. */
export function abandonPeerSocket(socket: string): void {
  for (const remove of [() => unlinkSync(socket), () => rmdirSync(dirname(socket))]) {
    try {
      remove()
    } catch {
      // Gone already, a pipe, or others are still there.
    }
  }
}

function createDirectory(parent: string): string {
  try {
    return mkdtempSync(join(parent, 'sallyport-'))
  } catch (error) {
    throw new Error(
      `Workers talk to each other through sockets in a directory below ${parent}, and none can be made there. ` +
        'Set TMPDIR to a directory that this user may write to, mount one there (tmpfs will do), or set workers to 1.',
      { cause: error },
    )
  }
}
