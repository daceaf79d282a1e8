import { expect, it, onTestFinished } from 'vitest'
import { obtainToken } from '../harness/obtain-token.ts'
import { startTestGateway } from '../harness/start-gateway.ts'
import { openStdioClient, type StreamMessage } from '../harness/stdio-client.ts'
import { stdioServer } from '../harness/stdio-programs.ts'
import { signIn } from '../harness/write-project.ts'

// One person begins sessions without end. What the gateway keeps of them is their own to lose; nobody else's is pushed out.

const moreThanKept = 300

it.each(['local', 'hub'])(
  'pushes out sessions of the same person only (%s)',
  async (server) => {
    const gateway = await startTestGateway({
      settings: { limits: { drainSeconds: 1 } },
      policies: signIn(),
      servers: {
        local: { upstream: stdioServer('scripted', { processes: 'per-subject' }), inbound: ['sign-in'] },
        hub: { upstream: { members: { own: { route: 'local' } } }, inbound: ['sign-in'] },
      },
    })
    onTestFinished(() => gateway.close())
    const url = gateway.server(server)
    const tokenOf = async (person: string) => (await obtainToken(gateway.publicUrl, url, person)).accessToken
    const [adaToken, malloryToken] = [await tokenOf('ada'), await tokenOf('mallory')]
    const ada = await openStdioClient(url, adaToken)
    const [uri, later] = server === 'hub' ? ['own+file:///a', 'own_later'] : ['file:///a', 'later']
    await ada.post({ id: 1, method: 'resources/subscribe', params: { uri } })
    const first = await openStdioClient(url, malloryToken)
    await first.post({ id: 1, method: 'resources/subscribe', params: { uri } })

    for (let index = 0; index < moreThanKept; index++) {
      const flooding = await openStdioClient(url, malloryToken)
      expect((await flooding.post({ id: 1, method: 'ping' })).status).toBe(200)
    }

    const heardAfter = async (client: typeof ada) => {
      const heard: StreamMessage[] = []
      const stream = await client.listen((message) => heard.push(message))
      onTestFinished(() => stream.close())
      const announce = async () => {
        await client.call(later, { what: 'file:///a' })
        return heard.length
      }
      // Members are listened to a moment after the client begins to listen.
      await expect.poll(announce).toBeGreaterThan(0)
      // The program says these in this order: after the log message nothing is missing any more.
      await expect.poll(() => heard.at(-1)?.method).toBe('notifications/message')
      return [...new Set(heard.map(({ method }) => method?.replace('notifications/', '')))]
    }
    expect(await heardAfter(ada)).toEqual(['tools/list_changed', 'resources/updated', 'message'])
    expect(await heardAfter(first)).toEqual(['tools/list_changed', 'message'])
  },
  60_000,
)
