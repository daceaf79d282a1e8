import { readdir, readFile } from 'node:fs/promises'

/** Names what was started together, in the environment of every process that came of it. */
const markName = 'SALLYPORT_STDIO'

/**
 * What `sh` runs: a guard, and then in its own place the program. Arguments: the mark, the command and its arguments.
 *
 * The guard waits on descriptor 3, whose other end only the gateway holds, so it is closed at the latest when the gateway is gone, even by
 * SIGKILL. Then the guard ends the process group, which it belongs to itself: as long as it lives, nobody else can get the group's number.
 * What left the group (`setsid`) is found by its mark where there is /proc.
 */
export const guardScript = `
mark=$1
shift
(
  trap '' TERM INT HUP QUIT
  read -r gone
  kill -TERM 0
  sleep 2
  for each in /proc/[0-9]*/environ; do
    if tr '\\0' '\\n' <"$each" | grep -aqx "${markName}=$mark"; then
      each=\${each%/environ}
      kill -KILL "\${each#/proc/}"
    fi
  done
  kill -KILL 0
) <&3 3<&- >/dev/null 2>&1 &
export ${markName}="$mark"
exec "$@" 3<&-
`

/** Ends what carries the mark, wherever it went. Linux only: elsewhere nobody may read the environment of a process. */
export async function endMarked(mark: string): Promise<void> {
  if (process.platform !== 'linux') return
  const entries = await readdir('/proc').catch((): string[] => [])
  await Promise.all(entries.filter((name) => /^\d+$/.test(name)).map((name) => endIfMarked(Number(name), mark)))
}

async function endIfMarked(processId: number, mark: string): Promise<void> {
  const environment = await readFile(`/proc/${processId}/environ`, 'latin1').catch(() => '')
  if (environment.split('\0').includes(`${markName}=${mark}`)) sendSignal(processId, 'SIGKILL')
}

/** Signals a process, or with a negative number its group. What is gone already is no error. */
export function sendSignal(processId: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(processId, signal)
  } catch {
    // ESRCH: it ended. EPERM (macOS, for a group of which only zombies are left): the same.
  }
}
