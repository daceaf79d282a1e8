import type { Clock } from '../../contracts/clock.ts'
import type { SqlDatabase } from '../../contracts/sql-database.ts'
import type { SealedValues } from '../../contracts/storage.ts'

/** Sealed values in the table `sealed_values`. */
export function createSealedValues(database: SqlDatabase, clock: Clock): SealedValues {
  const select = database.prepare('select sealed from sealed_values where name = ?')
  const insert = database.prepare(
    'insert into sealed_values (name, sealed, created_at_ms) values (?, ?, ?) on conflict (name) do nothing',
  )
  const update = database.prepare('update sealed_values set sealed = ? where name = ? and sealed = ?')
  const selectAll = database.prepare('select name, sealed from sealed_values order by name')
  const remove = database.prepare('delete from sealed_values where name = ? and sealed = ?')
  const read = (name: string) => select.get(name)?.sealed as string | undefined
  return {
    async get(name) {
      return read(name)
    },
    async putIfAbsent(name, sealed) {
      insert.run(name, sealed, clock())
      return read(name) ?? sealed
    },
    async replace(name, expected, sealed) {
      return update.run(sealed, name, expected).changes === 1
    },
    async list() {
      return selectAll.all().map(({ name, sealed }) => ({ name: name as string, sealed: sealed as string }))
    },
    async remove(name, expected) {
      return remove.run(name, expected).changes === 1
    },
  }
}
