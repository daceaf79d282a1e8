import { setTimeout as delay } from 'node:timers/promises'
import type { LiveSession, OpenQuestion } from '../../../contracts/live-sessions.ts'
import { formatEvent } from '../../../http/split-events.ts'
import { isJsonObject, type JsonObject, objectMember } from '../../../lib/json.ts'
import type { LegacyClient } from '../../client-session.ts'
import type { QueuedStream } from '../../queued-stream.ts'
import { type Question, readQuestions } from './input-requests.ts'

/** The client that is asked, and the stream of its call. */
export interface AskedClient {
  readonly session: LiveSession | undefined
  readonly client: LegacyClient
  readonly stream: QueuedStream
  /** Rejects when the call is cancelled. */
  readonly cancelled: Promise<never>
}

/** What the upstream is called with next; or why it is not called again, in words for the person or the model. */
export type ClientAnswers =
  | {
      readonly params: JsonObject
      /** The client was not asked: somebody has still to do what they agreed to. */
      readonly isWaiting: boolean
    }
  | { readonly failure: string }

const answerMs = 10 * 60 * 1000
const urlPollMs = 2_000

/**
 * Puts the questions of an `input_required` answer to the client, as requests on the stream of its call, and waits for all of the answers.
 * `acceptedUrls` remembers which pages the person agreed to open in this call: an upstream that asks again is waiting for them, and they are
 * not sent there twice.
 */
export async function askClient(
  response: JsonObject,
  { session, client, stream, cancelled }: AskedClient,
  acceptedUrls: Set<string>,
): Promise<ClientAnswers> {
  const { inputRequests, requestState } = objectMember(response, 'result') ?? {}
  const questions = readQuestions(inputRequests, client)
  if ('text' in questions) return { failure: questions.text }
  const state = requestState === undefined ? {} : { requestState }
  if (questions.length === 0) return { params: state, isWaiting: false }
  if (session === undefined) return { failure: 'This needs an answer of the MCP client, which keeps no session.' }
  if (questions.every(({ url }) => url !== undefined && acceptedUrls.has(url))) {
    await Promise.race([delay(urlPollMs), cancelled])
    const accepted = questions.map(({ key }) => [key, { action: 'accept' }])
    return { params: { ...state, inputResponses: Object.fromEntries(accepted) as JsonObject }, isWaiting: true }
  }
  const open = questions.map((question) => ({ question, asked: session.ask() }))
  try {
    return await collectAnswers(open, stream, cancelled, state, acceptedUrls)
  } finally {
    for (const { asked } of open) asked?.withdraw()
  }
}

interface Asked {
  readonly question: Question
  readonly asked: OpenQuestion | undefined
}

async function collectAnswers(
  open: readonly Asked[],
  stream: QueuedStream,
  cancelled: Promise<never>,
  state: JsonObject,
  acceptedUrls: Set<string>,
): Promise<ClientAnswers> {
  const timer = new AbortController()
  const timeUp = delay(answerMs, 'late' as const, { ref: false, signal: timer.signal }).catch(() => 'late' as const)
  const inputResponses: JsonObject = {}
  try {
    if (open.some(({ asked }) => asked === undefined))
      return { failure: 'The MCP client owes too many answers already.' }
    for (const { question, asked } of open) {
      const { method, params } = question
      stream.push(formatEvent(JSON.stringify({ jsonrpc: '2.0', id: asked?.id, method, params })))
    }
    for (const { question, asked } of open) {
      const answer = await Promise.race([asked?.answer, timeUp, cancelled])
      if (!isJsonObject(answer)) return withdrawAll(open, stream)
      if (!isJsonObject(answer.result)) return { failure: describeRefusal(question, answer) }
      if (question.url !== undefined && answer.result.action === 'accept') acceptedUrls.add(question.url)
      inputResponses[question.key] = answer.result
    }
    return { params: { ...state, inputResponses }, isWaiting: false }
  } finally {
    timer.abort()
  }
}

/** The client may take its questions back from the person. */
function withdrawAll(open: readonly Asked[], stream: QueuedStream): ClientAnswers {
  for (const { asked } of open) {
    const params = { requestId: asked?.id, reason: 'Nobody answered in time.' }
    stream.push(formatEvent(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/cancelled', params })))
  }
  return { failure: 'Nobody answered in time what this needs to know.' }
}

function describeRefusal({ method }: Question, { error }: JsonObject): string {
  const message = isJsonObject(error) && typeof error.message === 'string' ? `: ${error.message}` : ''
  return `The MCP client did not answer ${method}${message}`
}
