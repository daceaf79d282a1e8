import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isJsonObject, type JsonObject } from '../../lib/json.ts'
import { hashDefinition } from './hash-definition.ts'
import { formatPins, pinDefinitions, pinsFileSchema, readPins } from './pins-file.ts'

const pin = (tools: readonly JsonObject[]) => pinDefinitions((list) => (list === 'tools' ? tools : []))
const readBack = (text: string) => readPins(pinsFileSchema.parse(JSON.parse(text)))

describe('sallyport.pins.json', () => {
  it('is the same however the upstream orders its entries and their members', () => {
    const one = pin([
      { name: 'b', description: 'B' },
      { name: 'a', title: 'A', description: 'x' },
    ])
    const other = pin([
      { description: 'x', name: 'a', title: 'A' },
      { description: 'B', name: 'b' },
    ])
    const text = formatPins(
      new Map([
        ['y', one],
        ['x', one],
      ]),
    )
    expect(
      formatPins(
        new Map([
          ['x', other],
          ['y', other],
        ]),
      ),
    ).toBe(text)
    expect(text.indexOf('"a"')).toBeLessThan(text.indexOf('"b"'))
  })

  it('reads back what was pinned, whatever it is called and says', () => {
    const entry = fc.record({
      name: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', 'constructor')),
      rest: fc.jsonValue(),
    })
    fc.assert(
      fc.property(fc.array(entry), (entries) => {
        const tools = entries.map((each) => JSON.parse(JSON.stringify(each))).filter(isJsonObject)
        const pins = pin(tools)
        const text = formatPins(new Map([['server', pins]]))
        const read = readBack(text).get('server')
        const hashes = (tools: ReadonlyMap<string, { readonly hash: string }> | undefined) =>
          new Map([...(tools ?? [])].map(([name, { hash }]) => [name, hash] as const))
        expect(hashes(read?.tools)).toEqual(hashes(pins.tools))
      }),
    )
  })

  it('pins the first of two with one name, so that a second one never fits', () => {
    const [first, second] = [
      { name: 'a', description: 'good' },
      { name: 'a', description: 'evil' },
    ]
    expect(pin([first, second]).tools.get('a')?.hash).toBe(hashDefinition('tools', first))
  })

  it('leaves out the bytes of pictures, and counts them', () => {
    const withPicture = (bytes: string) => ({
      name: 'a',
      icons: [{ src: `data:image/png;base64,${bytes.repeat(500)}` }],
    })
    const [one, other] = [pin([withPicture('A')]), pin([withPicture('B')])]
    expect(formatPins(new Map([['s', one]])).length).toBeLessThan(700)
    expect(one.tools.get('a')?.hash).not.toBe(other.tools.get('a')?.hash)
  })

  it.each([
    ['another version', { version: 2, servers: [] }],
    ['a server twice', { version: 1, servers: [{ server: 'a' }, { server: 'a' }] }],
    [
      'a name twice',
      { version: 1, servers: [{ server: 'a', tools: [1, 2].map(() => ({ name: 'x', hash: 'h', definition: {} })) }] },
    ],
    ['an unknown member', { version: 1, servers: [{ server: 'a', tool: [] }] }],
  ])('refuses %s', (_, content) => {
    expect(pinsFileSchema.safeParse(content).success).toBe(false)
  })
})
