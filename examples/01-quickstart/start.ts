// `npm start` runs this: a demo upstream and, in front of it, the gateway with the project of this directory.
import { randomBytes } from 'node:crypto'
import { describeError } from '../../src/cli/describe-error.ts'
import { runGateway } from '../../src/cli/run-gateway.ts'
import { startTracker } from './upstream/tracker.ts'

// The tracker wants a key and the gateway sends it (config/policies.json). Nobody else ever sees it, so any will do.
const apiKey = process.env['TRACKER_API_KEY'] || randomBytes(24).toString('base64url')
process.env['TRACKER_API_KEY'] = apiKey

try {
  const tracker = await startTracker({ apiKey })
  try {
    await runGateway(import.meta.dirname, 'dev')
  } finally {
    await tracker.close()
  }
} catch (error) {
  console.error(describeError(error, false))
  process.exitCode = 1
}
