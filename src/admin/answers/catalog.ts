import { listModes } from '../../config/edit/upstream-policy.ts'
import { readCatalogFiles } from '../../config/read-catalog.ts'
import { GatewayError } from '../../errors/gateway-error.ts'
import type { AdminHost } from '../admin-host.ts'
import type { AnswersOf } from '../answer.ts'

export const catalogAnswers: AnswersOf<'listCatalog' | 'getCatalogEntry'> = {
  async listCatalog({ query: { search = '' } }, { host }) {
    const wanted = search.toLowerCase()
    const items = await readItems(host)
    const texts = ({ entry: { id, name, summary } }: (typeof items)[number]) => `${id} ${name} ${summary}`.toLowerCase()
    return { items: items.filter((item) => texts(item).includes(wanted)) }
  },
  async getCatalogEntry({ params: { id } }, { host }) {
    const found = (await readItems(host)).find(({ entry }) => entry.id === id)
    if (found === undefined) throw new GatewayError('admin_not_found')
    return found
  },
}

async function readItems(host: AdminHost) {
  const { directory, routes } = host.project()
  const files = await readCatalogFiles(directory)
  return files.map(({ entry, isOwn }) => ({
    entry,
    isOwn,
    modes: [...listModes(entry)],
    usedBy: routes.filter(({ upstreamUrl }) => sameUrl(upstreamUrl, entry.url)).map(({ operationId }) => operationId),
  }))
}

/** The same endpoint, with or without a slash at the end. */
export function sameUrl(one: string, other: string): boolean {
  const plain = (url: string) => (URL.parse(url)?.href ?? url).replace(/\/$/, '')
  return plain(one) === plain(other)
}
