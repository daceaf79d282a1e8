import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { packageVersion } from './package-files.ts'

const launcher = join(import.meta.dirname, '../../bin/sallyport.js')

/** Makes the running Node say that it is another version. */
const pretend = (version: string) =>
  `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`

function launch(nodeFlags: readonly string[], args: readonly string[], env: { [name: string]: string } = {}) {
  const child = spawn(process.execPath, [...nodeFlags, launcher, ...args], { env: { ...process.env, ...env } })
  onTestFinished(() => void child.kill('SIGKILL'))
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return new Promise<{ code: number | null; text: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, text })),
  )
}

it('runs in the Node it was started with when that is new enough', async () => {
  expect(await launch([], ['--version'])).toEqual({ code: 0, text: `${packageVersion()}\n` })
})

it('starts the carried Node under an old one, with its arguments and its exit code', async () => {
  expect(await launch(['--import', pretend('18.20.0')], ['--version'])).toEqual({
    code: 0,
    text: `${packageVersion()}\n`,
  })
  expect((await launch(['--import', pretend('24.11.9')], ['chek'])).code).toBe(2)
})

it('says what it needs instead of starting itself again and again', async () => {
  const { code, text } = await launch(['--import', pretend('20.0.0')], ['--version'], { SALLYPORT_REEXEC: '1' })
  expect(code).toBe(1)
  expect(text).toContain('needs Node 24.12 or later; this is 20.0.0')
})
