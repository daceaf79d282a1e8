import { type ConnectChoices, connectPerson, findConnectLink } from './connect-person.ts'
import { callTool } from './post-message.ts'

/** What a call of a tool came to: the JSON of its text, or the link that the caller is to open. */
export type CallOfTool = { readonly json: unknown } | { readonly link: string }

/** Calls a tool that answers with JSON. Throws when the answer is neither that nor a connect link. */
export async function callJsonTool(server: string, token: string, name: string): Promise<CallOfTool> {
  const { status, text, message } = await callTool(server, token, name)
  const link = findConnectLink(text)
  if (link !== undefined) return { link }
  const content = message?.result?.['content'] as { text: string }[] | undefined
  if (content?.[0] === undefined) throw new Error(`${status}: ${text}`)
  return { json: JSON.parse(content[0].text) }
}

/** Calls a tool that must answer without a connection being asked for. */
export async function mustCall(server: string, token: string, name: string): Promise<unknown> {
  const answer = await callJsonTool(server, token, name)
  if ('json' in answer) return answer.json
  throw new Error(`asked to connect: ${answer.link}`)
}

/** Connects where the first call asks for it, then calls again. */
export async function connectAndCall(
  server: string,
  token: string,
  name: string,
  choices: ConnectChoices,
): Promise<unknown> {
  const answer = await callJsonTool(server, token, name)
  if ('json' in answer) throw new Error('was not asked to connect')
  await connectPerson(answer.link, choices)
  return mustCall(server, token, name)
}
