import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { type WatchOptions, watchProject } from './reload.ts'

async function newProject(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'sallyport-watch-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true }))
  await mkdir(join(directory, 'config'))
  await writeFile(join(directory, 'sallyport.jsonc'), '{}')
  await writeFile(join(directory, 'config/policies.json'), '{}')
  return directory
}

async function watch(directory: string, options: WatchOptions = { debounceMs: 5, pollMs: 60_000 }) {
  const onChange = vi.fn<() => void>()
  const watching = watchProject(directory, onChange, options)
  onTestFinished(() => watching.close())
  await watching.ready
  return { onChange, watching }
}

it('notices a write, also in config', async () => {
  const directory = await newProject()
  const { onChange } = await watch(directory)
  await writeFile(join(directory, 'config/policies.json'), '{"policies":[]}')
  await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1), 5000)
  await writeFile(join(directory, '.env'), 'A=1')
  await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(2), 5000)
})

it('notices a file that is replaced, as editors save', async () => {
  const directory = await newProject()
  const { onChange } = await watch(directory)
  await writeFile(join(directory, 'config/.policies.json.swp'), '{"policies":[]}')
  await rename(join(directory, 'config/.policies.json.swp'), join(directory, 'config/policies.json'))
  await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1), 5000)
})

it('notices a swapped symbolic link, as Kubernetes does', async () => {
  const directory = await newProject()
  const config = join(directory, 'config')
  await rm(join(config, 'policies.json'))
  await mkdir(join(config, '..one'))
  await mkdir(join(config, '..two'))
  await writeFile(join(config, '..one/policies.json'), '{}')
  await writeFile(join(config, '..two/policies.json'), '{"policies":[]}')
  await symlink('..one', join(config, '..data'))
  await symlink('..data/policies.json', join(config, 'policies.json'))
  const { onChange } = await watch(directory)
  await symlink('..two', join(config, '..data_tmp'))
  await rename(join(config, '..data_tmp'), join(config, '..data'))
  await vi.waitFor(() => expect(onChange).toHaveBeenCalledTimes(1), 5000)
})

it('says nothing when the content is as before', async () => {
  const directory = await newProject()
  const { onChange } = await watch(directory)
  await writeFile(join(directory, 'sallyport.jsonc'), '{}')
  await writeFile(join(directory, 'unrelated.txt'), 'x')
  // A change that counts, afterwards: when it arrives, the others have been looked at.
  await writeFile(join(directory, 'sallyport.jsonc'), '{"version":1}')
  await vi.waitFor(() => expect(onChange).toHaveBeenCalled(), 5000)
  expect(onChange).toHaveBeenCalledTimes(1)
})

it('finds by polling what nobody announced: a config directory that comes later', async () => {
  const directory = await newProject()
  await rm(join(directory, 'config'), { recursive: true })
  const { onChange } = await watch(directory, { debounceMs: 5, pollMs: 20 })
  await mkdir(join(directory, 'config'))
  await writeFile(join(directory, 'config/policies.json'), '{"policies":[]}')
  await vi.waitFor(() => expect(onChange).toHaveBeenCalled(), 5000)
})

it('reports a difference to what runs already, before any change', async () => {
  const directory = await newProject()
  const { onChange } = await watch(directory, { contentHash: 'older', pollMs: 60_000 })
  expect(onChange).toHaveBeenCalledTimes(1)
})

it('is silent after close', async () => {
  const directory = await newProject()
  const first = await watch(directory)
  const second = await watch(directory)
  first.watching.close()
  await writeFile(join(directory, 'sallyport.jsonc'), '{"version":1}')
  await vi.waitFor(() => expect(second.onChange).toHaveBeenCalled(), 5000)
  expect(first.onChange).not.toHaveBeenCalled()
})
