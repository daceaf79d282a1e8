/** One issue of the tracker. */
export interface Issue {
  readonly number: number
  title: string
  description: string
  status: 'open' | 'closed'
  labels: string[]
  assignee: string | null
  comments: string[]
}

/** What a caller may change about an issue. */
export type IssueChanges = Partial<Omit<Issue, 'number' | 'comments'>>

/** Something the caller did wrong; becomes the text of a tool result with `isError`. */
export class TrackerError extends Error {}

const firstIssues: readonly (IssueChanges & { title: string; comments?: string[] })[] = [
  { title: 'Login page is blank on Safari', labels: ['bug', 'urgent'], assignee: 'ada', description: 'Since 4.2.' },
  { title: 'Export invoices as CSV', labels: ['feature'], description: 'Finance asks every month.' },
  { title: 'Typo in the welcome mail', labels: ['docs'], status: 'closed', assignee: 'grace' },
  { title: 'Search is slow with 10,000 projects', labels: ['bug'], assignee: 'linus', comments: ['p95 is 4 s.'] },
  { title: 'Dark mode', labels: ['feature'], description: 'The most wanted one.' },
]

/** The issues of one tracker, in memory: they are back to the sample ones after a restart. */
export class IssueStore {
  readonly #issues = new Map<number, Issue>()
  #lastNumber = 0

  constructor() {
    for (const { comments, ...fields } of firstIssues) this.create(fields).comments.push(...(comments ?? []))
  }

  list(): Issue[] {
    return [...this.#issues.values()]
  }

  get(number: number): Issue {
    const issue = this.#issues.get(number)
    if (!issue) throw new TrackerError(`There is no issue #${number}.`)
    return issue
  }

  create(fields: IssueChanges & { title: string }): Issue {
    this.#lastNumber += 1
    const blank = { description: '', status: 'open' as const, labels: [], assignee: null }
    const issue: Issue = { ...blank, ...fields, comments: [], number: this.#lastNumber }
    this.#issues.set(issue.number, issue)
    return issue
  }

  update(number: number, changes: IssueChanges): Issue {
    return Object.assign(this.get(number), changes)
  }

  delete(number: number): Issue {
    const issue = this.get(number)
    this.#issues.delete(number)
    return issue
  }
}
