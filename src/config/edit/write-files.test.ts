import { fork } from 'node:child_process'
import { chmod, lstat, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadProject } from '../load-project.ts'
import { readProjectFiles } from '../project-files.ts'
import { pendingEditFile } from './pending-edit.ts'
import { settleProject } from './settle-project.ts'
import { FilesChangedError, writeProjectFiles } from './write-files.ts'

let directory: string
const file = (name: string) => join(directory, name)
const read = (name: string) => readFile(file(name), 'utf8')
const routes = (title: string) =>
  `{ "openapi": "3.1.0", "info": { "title": "${title}", "version": "1.0.0" }, "paths": {} }`
const policies = (title: string) => `{ "policies": [] } // ${title}`
const names = ['config/policies.json', 'config/routes.oas.json'] as const

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'sallyport-write-'))
  await mkdir(file('config'))
  await writeFile(file('sallyport.jsonc'), '{ "version": 1 }')
  await writeFile(file(names[0]), policies('old'))
  await writeFile(file(names[1]), routes('old'))
})
afterEach(() => rm(directory, { recursive: true }))

async function write(title: string): Promise<void> {
  const { files } = await readProjectFiles(directory)
  const contents = new Map([
    [names[0], Buffer.from(policies(title))],
    [names[1], Buffer.from(routes(title))],
  ])
  await writeProjectFiles(directory, contents, new Map(names.map((name) => [name, files.get(name)])))
}

/** The title that both files have; every reader must see the two of the same edit. */
async function readTitle(): Promise<string> {
  const { files } = await readProjectFiles(directory)
  const [one = '', other = ''] = names.map((name) => files.get(name)?.toString('utf8'))
  const title = /title": "(\w+)"/.exec(other)?.[1] ?? ''
  expect(one).toBe(policies(title))
  return title
}

describe('files are written', () => {
  it('together, and nothing else stays behind', async () => {
    await chmod(file(names[0]), 0o640)
    await write('new')
    expect([await read(names[0]), await read(names[1])]).toEqual([policies('new'), routes('new')])
    expect((await stat(file(names[0]))).mode & 0o777).toBe(0o640)
    expect((await readdir(directory)).toSorted()).toEqual(['config', 'sallyport.jsonc'])
    expect((await readdir(file('config'))).toSorted()).toEqual(['policies.json', 'routes.oas.json'])
  })

  it('not at all when one of them was changed meanwhile', async () => {
    const { files } = await readProjectFiles(directory)
    await writeFile(file(names[1]), routes('theirs'))
    const contents = new Map([
      [names[0], Buffer.from(policies('ours'))],
      [names[1], Buffer.from(routes('ours'))],
    ])
    const before = new Map(names.map((name) => [name, files.get(name)]))
    await expect(writeProjectFiles(directory, contents, before)).rejects.toThrow(new FilesChangedError([names[1]]))
    expect([await read(names[0]), await read(names[1])]).toEqual([policies('old'), routes('theirs')])
    expect((await readdir(file('config'))).toSorted()).toEqual(['policies.json', 'routes.oas.json'])
  })

  it('through a link, which stays one', async () => {
    await mkdir(file('elsewhere'))
    await writeFile(file('elsewhere/p.json'), policies('old'))
    await rm(file(names[0]))
    await symlink('../elsewhere/p.json', file(names[0]))
    await write('new')
    expect((await lstat(file(names[0]))).isSymbolicLink()).toBe(true)
    expect(await read('elsewhere/p.json')).toBe(policies('new'))
  })

  it('while others read, who see both files of one edit', async () => {
    const writer = new AbortController()
    const seen = new Set<string>()
    const reader = (async () => {
      while (!writer.signal.aborted) seen.add(await readTitle())
    })()
    for (let n = 0; n < 40; n++) await write(`n${n}`)
    writer.abort()
    await reader
    expect(seen.size).toBeGreaterThan(10)
  })
})

describe('a process that is killed while it writes', () => {
  it('leaves the project of before or after the edit, which loads, and the next one finishes it', async () => {
    const outcomes = new Set<string>()
    for (let round = 0; round < 24; round++) {
      await settleProject(directory)
      const before = await readTitle()
      await killWhileWriting(`k${round}`, round)
      const title = await readTitle()
      outcomes.add(title === before ? 'before' : 'after')
      expect([before, `k${round}`]).toContain(title)
      const sources = await loadProject(directory)
      expect(sources.problems).toEqual([])
      await settleProject(directory)
      expect(await readTitle()).toBe(title)
      await expect(stat(file(pendingEditFile))).rejects.toThrow('ENOENT')
      expect(await read(names[1])).toBe(routes(title))
      await write(`w${round}`)
      expect(await readTitle()).toBe(`w${round}`)
    }
    expect([...outcomes].toSorted()).toEqual(['after', 'before'])
  }, 60_000)

  it('does not take back what somebody wrote by hand since', async () => {
    let left = false
    for (let round = 0; !left && round < 200; round++) {
      await settleProject(directory)
      await killWhileWriting(`h${round}`, 11 + (round % 3))
      left = await stat(file(pendingEditFile)).then(
        () => true,
        () => false,
      )
    }
    expect(left).toBe(true)
    await writeFile(file(names[1]), routes('byhand'))
    const { files } = await readProjectFiles(directory)
    expect(String(files.get(names[1]))).toBe(routes('byhand'))
    await settleProject(directory)
    expect(await read(names[1])).toBe(routes('byhand'))
  }, 60_000)
})

/** Ends the process before its `step`th call of the file system that changes something. */
async function killWhileWriting(title: string, step: number): Promise<void> {
  const script = join(directory, 'config', 'kill.mjs')
  const url = (name: string) => JSON.stringify(new URL(name, import.meta.url).href)
  await writeFile(
    script,
    `import fs from 'node:fs/promises'
     import { syncBuiltinESMExports } from 'node:module'
     let step = 0
     for (const name of ['open', 'writeFile', 'link', 'rename', 'rm']) {
       const original = fs[name]
       fs[name] = (...parameters) => {
         if (step++ === ${step}) process.kill(process.pid, 'SIGKILL')
         return original(...parameters)
       }
     }
     syncBuiltinESMExports()
     const { writeProjectFiles } = await import(${url('./write-files.ts')})
     const { readProjectFiles } = await import(${url('../project-files.ts')})
     const { files } = await readProjectFiles(${JSON.stringify(directory)})
     const contents = new Map(${JSON.stringify([
       [names[0], policies(title)],
       [names[1], routes(title)],
     ])}.map(([name, text]) => [name, Buffer.from(text)]))
     await writeProjectFiles(${JSON.stringify(directory)}, contents, new Map([...contents.keys()].map((name) => [name, files.get(name)])))`,
  )
  const child = fork(script, { stdio: 'inherit' })
  await new Promise((resolve) => child.once('exit', resolve))
  await rm(script)
}
