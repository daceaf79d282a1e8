// A supervisor in a process of its own, for a test that stops it. Prints its log as JSON lines.
import cluster from 'node:cluster'
import type { Heartbeat } from '../../src/workers/heartbeat.ts'
import { Supervisor } from '../../src/workers/supervisor.ts'

const [, , program = '', directory = '', heartbeat = '{}'] = process.argv
cluster.setupPrimary({ exec: program, args: [directory], execArgv: [] })
const print = (fields: object, message: string) => console.log(JSON.stringify({ ...fields, message }))
const ignore = () => undefined
const supervisor = new Supervisor({
  count: 2,
  listen: { port: 0, reusePort: true },
  log: { debug: print, info: print, warn: print, error: print },
  voice: { reloaded: ignore, kept: ignore, failed: ignore },
  heartbeat: JSON.parse(heartbeat) as Heartbeat,
})
process.on('SIGTERM', () => supervisor.stop())
process.exitCode = await supervisor.run()
