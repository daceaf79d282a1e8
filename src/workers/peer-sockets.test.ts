import { existsSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { expect, it } from 'vitest'
import { abandonPeerSocket, createPeerSockets } from './peer-sockets.ts'

it.skipIf(process.platform === 'win32')('sockets are where nobody else can look', () => {
  const sockets = createPeerSockets()
  const directory = dirname(sockets.of('0-abcdef'))
  expect(statSync(directory).mode & 0o777).toBe(0o700)
  sockets.remove()
  expect(existsSync(directory)).toBe(false)
})

it.skipIf(process.platform === 'win32')(
  'a process that was left alone takes its socket along, and the last one the directory',
  () => {
    const sockets = createPeerSockets()
    const [first, second, killed] = ['0-abcdef', '1-abcdef', '2-abcdef'].map((name) => sockets.of(name))
    for (const socket of [first, second, killed]) writeFileSync(socket ?? '', '')
    sockets.forget('2-abcdef')
    abandonPeerSocket(first ?? '')
    expect(existsSync(second ?? '')).toBe(true)
    abandonPeerSocket(second ?? '')
    expect(existsSync(dirname(second ?? ''))).toBe(false)
  },
)

it('says what to do where there is no place for them', () => {
  expect(() => createPeerSockets('linux', '/dev/null/x')).toThrow(/below \/dev\/null\/x.*TMPDIR.*tmpfs.*workers to 1/s)
})

it('on Windows pipes have names that nobody guesses', () => {
  const sockets = createPeerSockets('win32')
  expect(sockets.of('0-abcdef')).toMatch(/^\\\\\.\\pipe\\sallyport-[\w-]{16}-0-abcdef$/)
  expect(createPeerSockets('win32').of('0-abcdef')).not.toBe(sockets.of('0-abcdef'))
})
