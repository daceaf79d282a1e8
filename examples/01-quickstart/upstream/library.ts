import { type IssueStore, TrackerError } from './issues.ts'

/** A prompt: what clients see in `prompts/list`, and how its text is made. */
export interface Prompt {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly arguments: readonly { readonly name: string; readonly description: string; readonly required: boolean }[]
  readonly write: (values: { readonly [name: string]: unknown }) => string
}

/** A resource: what clients see in `resources/list`, and how its text is made. */
export interface Resource {
  readonly uri: string
  readonly name: string
  readonly title: string
  readonly description: string
  readonly mimeType: string
  readonly read: () => string
}

/** The prompts of the tracker. */
export function createPrompts(issues: IssueStore): Prompt[] {
  return [
    {
      name: 'triage_issue',
      title: 'Triage an issue',
      description: 'Asks for labels, an assignee and a next step for one issue.',
      arguments: [{ name: 'number', description: 'Number of the issue.', required: true }],
      write: ({ number }) => {
        const issue = issues.get(Number(number))
        return `Triage this issue: propose labels, an assignee and the next step.\n\n${JSON.stringify(issue, null, 2)}`
      },
    },
    {
      name: 'weekly_summary',
      title: 'Weekly summary',
      description: 'Asks for a summary of all open issues.',
      arguments: [],
      write: () => {
        const open = issues.list().filter((issue) => issue.status === 'open')
        return `Summarise these open issues for the team:\n\n${JSON.stringify(open, null, 2)}`
      },
    },
  ]
}

/** The resources of the tracker. */
export function createResources(issues: IssueStore): Resource[] {
  const countWhere = (status: string) => issues.list().filter((issue) => issue.status === status).length
  return [
    {
      uri: 'tracker://guide',
      name: 'guide',
      title: 'How we work',
      description: 'How issues are written, labelled and closed.',
      mimeType: 'text/markdown',
      read: () => '# How we work\n\nOne problem per issue. Label it. Close it with a comment that says why.\n',
    },
    {
      uri: 'tracker://labels',
      name: 'labels',
      title: 'Labels',
      description: 'Every label in use.',
      mimeType: 'application/json',
      read: () => JSON.stringify([...new Set(issues.list().flatMap((issue) => issue.labels))].sort()),
    },
    {
      uri: 'tracker://numbers',
      name: 'numbers',
      title: 'Numbers',
      description: 'How many issues are open and closed.',
      mimeType: 'application/json',
      read: () => JSON.stringify({ open: countWhere('open'), closed: countWhere('closed') }),
    },
  ]
}

/** The one resource template: every issue has a URI. */
export const issueTemplate = {
  uriTemplate: 'tracker://issues/{number}',
  name: 'issue',
  title: 'One issue',
  description: 'An issue by its number.',
  mimeType: 'application/json',
}

/** Reads a resource by its URI, listed or matched by the template; undefined when there is none. */
export function readResource(uri: string, resources: readonly Resource[], issues: IssueStore): object | undefined {
  const listed = resources.find((resource) => resource.uri === uri)
  if (listed) return { uri, mimeType: listed.mimeType, text: listed.read() }
  const number = /^tracker:\/\/issues\/(\d+)$/.exec(uri)?.[1]
  if (number === undefined) return undefined
  try {
    return { uri, mimeType: issueTemplate.mimeType, text: JSON.stringify(issues.get(Number(number))) }
  } catch (error) {
    if (error instanceof TrackerError) return undefined
    throw error
  }
}
