// A stdio server as people write them with the second SDK: it speaks the era of the first message. Run as a program.
import { McpServer } from '@modelcontextprotocol/server'
import { serveStdio } from '@modelcontextprotocol/server/stdio'
import { z } from 'zod'

serveStdio(
  () => {
    const server = new McpServer({ name: 'sdk-v2-stdio', version: '1.0.0' }, { capabilities: { tools: {} } })
    server.registerTool('add', { inputSchema: z.object({ a: z.number(), b: z.number() }) }, ({ a, b }) => ({
      content: [{ type: 'text', text: String(a + b) }],
    }))
    return server
  },
  { legacy: process.argv.includes('--modern-only') ? 'reject' : 'serve' },
)
