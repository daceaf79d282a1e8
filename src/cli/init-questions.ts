import { cancel, intro, select, text } from '@clack/prompts'
import { UsageError } from './describe-error.ts'
import { answerChecks, type InitAnswers, type InitOptions, suggestName } from './init-answers.ts'

/** Asks for what the flags leave open. Throws a `UsageError` when the person cancels. */
export async function askAnswers(options: InitOptions): Promise<InitAnswers> {
  intro('A new Sallyport project')
  const upstream = options.upstream ?? (await askUpstream())
  if (upstream === undefined) return { name: options.name ?? suggestName(undefined), upstream, apiKeyEnv: undefined }
  const name = options.name ?? (await askText('Name of the virtual server?', suggestName(upstream), answerChecks.name))
  const apiKeyEnv = options.apiKeyEnv ?? (await askKeyVariable(name))
  return { name, upstream, apiKeyEnv }
}

async function askUpstream(): Promise<string | undefined> {
  const kind = await select({
    message: 'What should the gateway stand in front of?',
    options: [
      { value: 'demo', label: 'A demo issue tracker', hint: 'runs on this machine' },
      { value: 'url', label: 'An MCP server of yours' },
    ],
  })
  return refuseCancel(kind) === 'demo' ? undefined : askText('Its URL?', undefined, answerChecks.upstream)
}

async function askKeyVariable(name: string): Promise<string | undefined> {
  const needed = await select({
    message: 'Does it want an API key?',
    options: [
      { value: 'no', label: 'No' },
      { value: 'yes', label: 'Yes, as a bearer token', hint: 'kept in .env' },
    ],
  })
  if (refuseCancel(needed) === 'no') return undefined
  const suggestion = `${name.toUpperCase().replaceAll('-', '_')}_API_KEY`
  return askText('Environment variable with the key?', suggestion, answerChecks.apiKeyEnv)
}

async function askText(
  message: string,
  suggestion: string | undefined,
  check: (value: string) => string | undefined,
): Promise<string> {
  const answer = await text({
    message,
    ...(suggestion !== undefined && { placeholder: suggestion, defaultValue: suggestion }),
    validate: (value) => (value ? check(value) : suggestion === undefined ? 'an answer is needed' : undefined),
  })
  return refuseCancel(answer)
}

function refuseCancel(answer: string | symbol): string {
  if (typeof answer === 'string') return answer
  cancel('Nothing was written.')
  throw new UsageError('cancelled.')
}
