import { isSecretName } from '../../telemetry/secret-text.ts'
import { looksSecret, withoutVariables } from './find-literal-secrets.ts'
import { type Comment, listComments } from './list-comments.ts'

/**
 * The comments of a file that may hold a secret. A comment has no schema and says what it likes, so this is meant to find too many: a comment is
 * taken as a whole when something in it looks like a secret, when it is a setting that was commented out with its text, or when it repeats one of
 * `values`, the secrets of the file.
 */
export async function findCommentSecrets(
  file: string,
  text: string,
  values: readonly string[],
): Promise<readonly Comment[]> {
  const known = values.filter((value) => value.length >= shortestRepeated)
  return (await listComments(file, text)).filter((comment) => {
    if (known.some((value) => comment.text.includes(value))) return true
    const rest = withoutVariables(comment.text)
    return (
      looksSecret(rest) || holdsSetting(comment.text.replaceAll(plainUrl, '')) || holdsToken(rest) || saysSecret(rest)
    )
  })
}

/** A shorter text is in too many comments by chance. */
const shortestRepeated = 6

/** Without a user and a query, which are looked at by themselves. */
const plainUrl = /https?:\/\/[^\s?#@"',]+/g

/** `"name": "text"`, `name: text` or `name = text`, the text in quotes or one word at the end of the line. */
const setting = /(["']?)([\w.-]+)\1\s*[:=]\s*(?:"([^"\n]*)"?|'([^'\n]*)'?|([^\s"',;[\]{}]+)(?=\s*(?:[,;\]}]|$)))/gm

function holdsSetting(text: string): boolean {
  return [...text.matchAll(setting)].some(([, , name = '', double, single, word]) => {
    const quoted = double ?? single
    const value = quoted ?? word ?? ''
    const literal = withoutVariables(value)
    if (literal === '' || literal !== value || isHarmless(value)) return false
    // A sentence may have a word and a colon.
    return quoted !== undefined || isSecretName(name) || /\d/.test(value) || value.length >= longWord
  })
}

const longWord = 16

/** Numbers, switches, dates and masks. */
function isHarmless(value: string): boolean {
  return /^(?:true|false|null|[\d.,:%-]+|\[secret \d+\])$/.test(value)
}

/** A long word with digits, or a very long one, as keys and tokens are. */
function holdsToken(text: string): boolean {
  const words = text.replaceAll(plainUrl, ' ').match(/[\w+/=~.-]{16,}/g) ?? []
  // Also in the path of a URL: whoever knows that of a webhook may post there.
  const all = [...words, ...(text.match(/[\w+=]{16,}/g) ?? [])]
  return all.some((word) => (/\d/.test(word) && /[A-Za-z]/.test(word)) || /[A-Za-z+/=]{32,}/.test(word))
}

/** "old password hunter2": a word for secrets, and one that is no word. */
function saysSecret(text: string): boolean {
  const words = text.split(/[\s"'`,;:()=]+/)
  const isOdd = (word: string) => word.length >= 6 && /[A-Za-z]/.test(word) && /[\d!@#$%^&*+~]/.test(word)
  return words.some((word) => isSecretName(word)) && words.some(isOdd)
}
