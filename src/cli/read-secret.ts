import { cancel, password } from '@clack/prompts'
import { UsageError } from './describe-error.ts'

const longestBytes = 64 * 1024

/**
 * A secret that is neither on the command line nor on the screen: typed at a hidden prompt, or from standard input when that is no terminal.
 * Throws a `UsageError` when there is none.
 */
export async function readSecret(message: string): Promise<string> {
  const secret = process.stdin.isTTY ? await askSecret(message) : await readStandardInput()
  if (secret === '')
    throw new UsageError('no key was given. Pipe it to standard input, or run the command in a terminal.')
  return secret
}

async function askSecret(message: string): Promise<string> {
  const answer = await password({ message })
  if (typeof answer === 'string') return answer.trim()
  cancel('Nothing was stored.')
  throw new UsageError('cancelled.')
}

async function readStandardInput(): Promise<string> {
  let text = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += String(chunk)
    if (text.length > longestBytes) throw new UsageError('standard input is too long for a key.')
  }
  return text.trim()
}
