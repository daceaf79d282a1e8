import { setTimeout as delay } from 'node:timers/promises'
import type { Schema } from './check-value.ts'
import type { Issue, IssueChanges, IssueStore } from './issues.ts'

/** What a running tool can do besides returning. */
export interface ToolCall {
  /** Aborted when the client no longer wants the result. */
  readonly signal: AbortSignal
  /** Tells the client how far the call is. Does nothing when the client did not ask for it. */
  readonly reportProgress: (progress: number, total: number, message: string) => void
}

type Arguments = { readonly [name: string]: unknown }
type ToolOutput = { readonly text: string; readonly structured?: object }

/** A tool: what clients see in `tools/list`, and the function behind it. */
export interface Tool {
  readonly name: string
  readonly title: string
  readonly description: string
  readonly inputSchema: Schema
  readonly outputSchema?: object
  readonly annotations: { readonly [hint: string]: boolean }
  readonly run: (input: Arguments, call: ToolCall) => ToolOutput | Promise<ToolOutput>
}

const reading = { readOnlyHint: true, openWorldHint: false }
const adding = { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false }
const changing = { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false }
const destroying = { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false }

const number: Schema = { type: 'integer', minimum: 1, description: 'Number of the issue.' }
const text = (description: string): Schema => ({ type: 'string', description })
const labels: Schema = { type: 'array', items: { type: 'string' }, description: 'Labels, for example "bug".' }
const status: Schema = { type: 'string', enum: ['open', 'closed'], description: 'Only issues in this state.' }

function input(properties: { readonly [name: string]: Schema }, ...required: string[]): Schema {
  return { type: 'object', properties, required, additionalProperties: false }
}

const issueSchema = {
  type: 'object',
  properties: {
    number: { type: 'integer' },
    title: { type: 'string' },
    description: { type: 'string' },
    status: { type: 'string', enum: ['open', 'closed'] },
    labels: { type: 'array', items: { type: 'string' } },
    assignee: { type: ['string', 'null'] },
    comments: { type: 'array', items: { type: 'string' } },
  },
  required: ['number', 'title', 'status', 'labels', 'assignee'],
}

const issueList = {
  type: 'object',
  properties: { issues: { type: 'array', items: issueSchema } },
  required: ['issues'],
}

const describe = (issue: Issue) => `#${issue.number} [${issue.status}] ${issue.title}`
const answer = (said: string, issue: Issue): ToolOutput => ({ text: `${said} ${describe(issue)}`, structured: issue })

/** Every tool of the tracker. `reportStepMilliseconds` is how long one part of `export_report` takes. */
export function createTools(issues: IssueStore, reportStepMilliseconds: number): Tool[] {
  return [...readingTools(issues, reportStepMilliseconds), ...writingTools(issues), ...destructiveTools(issues)]
}

function readingTools(issues: IssueStore, reportStepMilliseconds: number): Tool[] {
  return [
    {
      name: 'list_issues',
      title: 'List issues',
      description: 'Lists issues, all of them or those with a status, an assignee or a label.',
      inputSchema: input({
        status,
        assignee: text('Only issues of this person.'),
        label: text('Only with this label.'),
      }),
      outputSchema: issueList,
      annotations: reading,
      run: ({ status, assignee, label }) => {
        const found = issues.list().filter((issue) => {
          if (status !== undefined && issue.status !== status) return false
          if (assignee !== undefined && issue.assignee !== assignee) return false
          return label === undefined || issue.labels.some((each) => each === label)
        })
        return { text: found.map(describe).join('\n') || 'No issues.', structured: { issues: found } }
      },
    },
    {
      name: 'get_issue',
      title: 'Get an issue',
      description: 'Returns one issue with its description and comments.',
      inputSchema: input({ number }, 'number'),
      outputSchema: issueSchema,
      annotations: reading,
      run: ({ number }) => {
        const issue = issues.get(Number(number))
        return { text: [describe(issue), issue.description, ...issue.comments].join('\n'), structured: issue }
      },
    },
    {
      name: 'export_report',
      title: 'Export a report',
      description: 'Writes a report over all issues. Takes a while and reports its progress.',
      inputSchema: input({
        parts: { type: 'integer', minimum: 1, maximum: 100, description: 'How many parts. Default 5.' },
      }),
      annotations: reading,
      run: async ({ parts = 5 }, call) => {
        const total = Number(parts)
        for (let part = 1; part <= total; part += 1) {
          await delay(reportStepMilliseconds, undefined, { signal: call.signal })
          call.reportProgress(part, total, `Part ${part} of ${total}`)
        }
        return { text: `# Report\n\n${issues.list().map(describe).join('\n')}` }
      },
    },
  ]
}

function writingTools(issues: IssueStore): Tool[] {
  return [
    {
      name: 'create_issue',
      title: 'Create an issue',
      description: 'Opens a new issue.',
      inputSchema: input({ title: text('One line.'), description: text('Details.'), labels }, 'title'),
      outputSchema: issueSchema,
      annotations: adding,
      run: (fields) => answer('Created', issues.create(fields as IssueChanges & { title: string })),
    },
    {
      name: 'update_issue',
      title: 'Update an issue',
      description: 'Changes the title, description or labels of an issue.',
      inputSchema: input({ number, title: text('New title.'), description: text('New details.'), labels }, 'number'),
      outputSchema: issueSchema,
      annotations: changing,
      run: ({ number, ...changes }) => answer('Updated', issues.update(Number(number), changes)),
    },
    {
      name: 'add_comment',
      title: 'Add a comment',
      description: 'Adds a comment to an issue.',
      inputSchema: input({ number, text: text('The comment.') }, 'number', 'text'),
      outputSchema: issueSchema,
      annotations: adding,
      run: ({ number, text }) => {
        const issue = issues.get(Number(number))
        issue.comments.push(String(text))
        return answer('Commented on', issue)
      },
    },
    {
      name: 'assign_issue',
      title: 'Assign an issue',
      description: 'Gives an issue to a person.',
      inputSchema: input({ number, assignee: text('Who takes it.') }, 'number', 'assignee'),
      outputSchema: issueSchema,
      annotations: changing,
      run: ({ number, assignee }) => answer('Assigned', issues.update(Number(number), { assignee: String(assignee) })),
    },
    {
      name: 'close_issue',
      title: 'Close an issue',
      description: 'Marks an issue as done.',
      inputSchema: input({ number }, 'number'),
      outputSchema: issueSchema,
      annotations: changing,
      run: ({ number }) => answer('Closed', issues.update(Number(number), { status: 'closed' })),
    },
  ]
}

function destructiveTools(issues: IssueStore): Tool[] {
  return [
    {
      name: 'delete_issue',
      title: 'Delete an issue',
      description: 'Deletes an issue for good. There is no undo.',
      inputSchema: input({ number }, 'number'),
      annotations: destroying,
      run: ({ number }) => {
        const issue = issues.delete(Number(number))
        return { text: `Deleted ${describe(issue)}` }
      },
    },
    {
      name: 'bulk_delete_issues',
      title: 'Delete many issues',
      description: 'Deletes several issues at once, for good. There is no undo.',
      inputSchema: input(
        { numbers: { type: 'array', items: number, description: 'Numbers of the issues.' } },
        'numbers',
      ),
      annotations: destroying,
      run: ({ numbers }) => {
        const doomed = numbers as number[]
        for (const number of doomed) issues.get(number)
        for (const number of new Set(doomed)) issues.delete(number)
        return { text: `Deleted ${doomed.length} issues.` }
      },
    },
  ]
}
