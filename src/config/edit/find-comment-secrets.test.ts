import { describe, expect, it } from 'vitest'
import { handlerTypes } from '../../handlers/index.ts'
import { policyTypes } from '../../policies/index.ts'
import { listComments } from './list-comments.ts'
import { maskBoth, maskSecrets, refuseShownSecrets, restoreSecrets } from './mask-secrets.ts'

const types = { policyTypes, handlerTypes }
const json = 'config/policies.json'
const yaml = 'config/routes.oas.yaml'
const mask = async (file: string, text: string) => (await maskSecrets(file, text, types)).text

describe('comments of a file', () => {
  it.each([
    [
      json,
      '// one\n{ "a": "http://x // no", /* two\n * lines */ "b": 1 } //// three //\n//\n',
      ['one', 'two\n * lines', 'three //'],
    ],
    [json, '{ "broken": // here\n ', ['here']],
    [yaml, '# one\na: "x # no" # two\nb: |\n  # of the text\nc: [1, # three\n  2]\nd: a#b\n', ['one', 'two', 'three']],
  ])('of %s are listed with their places', async (file, text, wanted) => {
    const found = await listComments(file, text)
    expect(found.map((each) => each.text)).toEqual(wanted)
    for (const { text: comment, offset, length } of found) expect(text.slice(offset, offset + length)).toBe(comment)
  })
})

describe('a comment', () => {
  it.each([
    'old key sk_live_4eC39HqLyjWDarjtT1zdp7dc',
    '"clientSecret": "correct horse battery",',
    '"value": "hunter2"',
    '"headers": [{ "name": "x-key", "value": "abc" }]',
    'password = swordfish',
    'apiKey: swordfish',
    "token: 'swordfish'",
    'the password was hunter2!',
    'Authorization: Bearer abcdef',
    'https://me:swordfish@host.example/mcp',
    'https://host.example/mcp?api_key=swordfish',
    'https://hooks.example/services/T0/B0/x8F2kq0Zr9LmWt4Ve7Yb',
    'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7',
    'AbCdEfGhIjKlMnOpQrStUvWxYzAbCdEfGhIj',
  ])('that says %s is masked as a whole, and comes back', async (comment) => {
    for (const [file, text] of [
      [json, `// ${comment}\n{ "policies": [] } /* ${comment} */\n`],
      [yaml, `# ${comment}\npaths: {} # ${comment}\n`],
    ] as const) {
      const shown = await mask(file, text)
      expect(shown).toBe(text.replace(comment, '[secret 1]').replace(comment, '[secret 2]'))
      const edit = { kind: 'write', file, base: 'b', text: `${shown}\n` } as const
      const [restored] = await restoreSecrets([edit], new Map([[file, text]]), types)
      expect(restored).toMatchObject({ text: `${text}\n` })
    }
  })

  it.each([
    'What a client may do: see the guide.',
    'Default: 5, at most 10 (RFC 6749, section 4.4)',
    '"value": "$env(TRACKER_KEY)"',
    '"enabled": false,',
    '"rewritePattern": "https://old.example/mcp"',
    'The key of this upstream is in .env',
    'see https://docs.example/a-long-path/with-2-digits-and-more-text',
    'uses mcp-token-exchange-inbound and McpTokenExchangeInboundPolicy',
  ])('that says %s is shown', async (comment) => {
    for (const [file, text] of [
      [json, `// ${comment}\n{}\n`],
      [yaml, `# ${comment}\npaths: {}\n`],
    ] as const)
      expect(await mask(file, text)).toBe(text)
  })
})

const withValue = (value: string, comment: string) => `{ "apiToken": "${value}" } // ${comment}\n`

describe('a comment beside a secret', () => {
  it('is masked when it repeats it', async () => {
    expect(await mask(json, withValue('swordfish', 'swordfish, from Ada'))).toBe(withValue('[secret 1]', '[secret 2]'))
  })

  it('does not show it when the secret is taken away, or changed', async () => {
    const texts = new Map([[json, withValue('swordfish', 'swordfish, from Ada')]])
    const edit = (text: string) => refuseShownSecrets(texts, new Map([[json, text]]), types)
    await expect(edit(withValue('another', 'swordfish, from Ada'))).rejects.toThrow('remove the comment as well')
    await expect(edit(withValue('another', 'from Ada'))).resolves.toBeUndefined()
  })

  it('has masks of its own, which are no masks of values', async () => {
    const text = withValue('swordfish', 'old key sk_live_4eC39HqLyjWDarjtT1zdp7dc')
    expect(await mask(json, text)).toBe(withValue('[secret 1]', '[secret 2]'))
    const restore = (edited: string) =>
      restoreSecrets([{ kind: 'write', file: json, base: 'b', text: edited }], new Map([[json, text]]), types)
    await expect(restore(withValue('[secret 2]', 'gone'))).rejects.toThrow('cannot become a value')
    await expect(restore(withValue('x', '[secret 1]'))).rejects.toThrow('cannot become a comment')
    await expect(restore('// "apiToken": "[secret 1]"\n{}')).rejects.toThrow('cannot become a part of a comment')
    const set = { kind: 'set', file: json, path: ['apiToken'], value: '[secret 2]' } as const
    await expect(restoreSecrets([set], new Map([[json, text]]), types)).rejects.toThrow('cannot become a value')
  })

  it('is masked on both sides of a diff, also where it moved', async () => {
    const comment = 'old key sk_live_4eC39HqLyjWDarjtT1zdp7dc'
    const before = withValue('swordfish', comment)
    expect(await maskBoth(json, [before, `// ${comment}\n{}`], types)).toEqual([
      withValue('[secret 1]', '[secret 2]'),
      '// [secret 2]\n{}',
    ])
  })
})

it('what only looks like a secret does not move to where others than the console show it', async () => {
  const text = (value: string, name: string) => `{ "value": "${value}", "displayName": "${name}" }`
  const texts = new Map([[json, text('Bearer 0123456789abcdef', 'Tracker')]])
  const edit = (edited: string) => refuseShownSecrets(texts, new Map([[json, edited]]), types)
  await expect(edit(text('x', 'Bearer 0123456789abcdef'))).rejects.toThrow('a secret would be shown')
  await expect(edit(text('Bearer 0123456789abcdef', 'Other'))).resolves.toBeUndefined()
})
