// `node examples/02-connect-accounts/start.ts`: an upstream behind OAuth and, in front of it, the gateway with this project.
import { join } from 'node:path'
import { describeError } from '../../src/cli/describe-error.ts'
import { runGateway } from '../../src/cli/run-gateway.ts'
import { startNotes } from './upstream/notes-server.ts'

const gatewayUrl = 'http://127.0.0.1:9002'
const state = join(import.meta.dirname, '../../data/connect-accounts/notes.json')

try {
  const notes = await startNotes({ file: state })
  console.log(`\n  The upstream: ${notes.origin}/ shows its accounts, their keys, and whom they let in.`)
  console.log(`  Your connections: ${gatewayUrl}/auth/connections`)
  try {
    await runGateway(import.meta.dirname, 'dev')
  } finally {
    await notes.close()
  }
} catch (error) {
  console.error(describeError(error, false))
  process.exitCode = 1
}
