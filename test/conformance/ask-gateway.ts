// What the suite starts as "the client": it hands the scenario to the test that runs the gateway, and ends as that ended.
import { request } from 'undici'

const [runner = '', upstream = ''] = process.argv.slice(2)
const { MCP_CONFORMANCE_SCENARIO: scenario, MCP_CONFORMANCE_PROTOCOL_VERSION: version } = process.env
const context = JSON.parse(process.env['MCP_CONFORMANCE_CONTEXT'] ?? '{}') as unknown
const body = JSON.stringify({ scenario, version, context, upstream })
const answer = await request(runner, { method: 'POST', body, headersTimeout: 0, bodyTimeout: 0 })
console.log(await answer.body.text())
process.exitCode = answer.statusCode === 200 ? 0 : 1
