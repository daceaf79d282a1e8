// Preloaded with `--import` into a gateway that a test wants to die, or to live at another time. The gateway knows nothing of it.
import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { KillPoint, PreloadedFaults } from './gateway-faults.ts'

const { SALLYPORT_TEST_FAULTS = '{}' } = process.env
// Child processes live.
delete process.env['SALLYPORT_TEST_FAULTS']
const { kill, clockOffsetMs = 0 } = JSON.parse(SALLYPORT_TEST_FAULTS) as PreloadedFaults

if (clockOffsetMs !== 0) {
  const now = Date.now
  Date.now = () => now() + clockOffsetMs
}
if (kill) killAt(kill)

/** Watches what is written to SQLite, where every database of the process passes. */
function killAt({ when, statement: beginning, parameter }: KillPoint): void {
  const { prototype } = DatabaseSync
  const prepare: (this: DatabaseSync, sql: string) => StatementSync = Reflect.get(prototype, 'prepare')
  const exec: (this: DatabaseSync, sql: string) => void = Reflect.get(prototype, 'exec')
  let dieAtCommit = false
  const isMeant = (sql: string, parameters: readonly unknown[]) =>
    sql.trimStart().startsWith(beginning) && (parameter === undefined || parameters.includes(parameter))

  prototype.prepare = function prepareWatched(sql: string) {
    const statement = prepare.call(this, sql)
    const run = statement.run.bind(statement)
    statement.run = new Proxy(run, {
      apply: (_target, _self, parameters: Parameters<typeof run>) => {
        if (!isMeant(sql, parameters)) return run(...parameters)
        if (when === 'before') die()
        const result = run(...parameters)
        if (this.isTransaction) dieAtCommit = true
        else die()
        return result
      },
    })
    return statement
  }
  prototype.exec = function execWatched(sql: string) {
    exec.call(this, sql)
    if (dieAtCommit && sql === 'commit') die()
  }
}

function die(): void {
  process.kill(process.pid, 'SIGKILL')
}
