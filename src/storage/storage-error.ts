/** A store that cannot be opened or used. The message says which file, what is wrong and what to do. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
}
