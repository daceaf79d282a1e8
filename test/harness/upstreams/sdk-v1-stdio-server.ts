// A stdio server as people write them with the first SDK. Run as a program.
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { z } from 'zod'

const server = new McpServer({ name: 'sdk-v1-stdio', version: '1.0.0' }, { capabilities: { logging: {} } })

server.registerTool('add', { inputSchema: { a: z.number(), b: z.number() } }, ({ a, b }) => ({
  content: [{ type: 'text', text: String(a + b) }],
}))

server.registerTool('greet', {}, async () => {
  const { action, content } = await server.server.elicitInput({
    message: 'What is your name?',
    requestedSchema: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
  })
  return {
    content: [{ type: 'text', text: action === 'accept' ? `Hello ${String(content?.name)}` : 'Hello stranger' }],
  }
})

await server.connect(new StdioServerTransport())
