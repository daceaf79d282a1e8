import type { Command } from 'commander'
import { renderOpenApi } from '../src/admin/openapi.ts'
import type { OperationDeclaration } from '../src/admin/operation.ts'
import { operations } from '../src/admin/operations/index.ts'
import { describeClickhouseColumns, describeClickhouseTable } from '../src/analytics/clickhouse-table.ts'
import { eventFields, eventTypes, newEvent } from '../src/analytics/event.ts'
import { createProgram } from '../src/cli/run.ts'
import { policiesFileSchema } from '../src/config/policies-schema.ts'
import { settingsSchema } from '../src/config/project-schema.ts'
import { routeExtensionSchema } from '../src/config/route-extension.ts'
import { type Reason, reasons } from '../src/errors/reasons.ts'
import { handlerTypes } from '../src/handlers/index.ts'
import { bridgedFeatures } from '../src/mcp/bridge/changes.ts'
import { policyTypes } from '../src/policies/index.ts'
import { alertKinds } from '../src/telemetry/alerts/alert.ts'
import { describeGateway } from '../src/telemetry/gateway-metrics.ts'
import { logFields } from '../src/telemetry/log-fields.ts'
import { createMetrics } from '../src/telemetry/metrics.ts'
import { toJsonSchema } from './json-schema.ts'
import { renderOptions, renderTable } from './render-options.ts'

const notice = '<!-- Written by `npm run generate` from the declarations in src. Do not edit. -->'

/** The pages of docs/reference, by path. */
export function renderReference(): [path: string, content: string][] {
  return [
    page('configuration', 'Configuration', configuration()),
    page('policies', 'Policies', policies()),
    page('handlers', 'Handlers', handlers()),
    page('eras', 'Between the eras', eras()),
    page('reasons', 'Reasons', reasonCodes()),
    page('events', 'Events', events()),
    page('logs', 'The log', logs()),
    page('metrics', 'Metrics', metrics()),
    page('alerts', 'Alerts', alerts()),
    page('clickhouse', 'Table for ClickHouse', clickhouse()),
    page('cli', 'Command line', cli()),
    page('admin-api', 'Admin API', adminApi()),
    ['docs/reference/admin-api.openapi.json', `${JSON.stringify(describeAdminApi(), undefined, 1)}\n`],
  ]
}

function page(name: string, title: string, sections: readonly string[]): [path: string, content: string] {
  return [`docs/reference/${name}.md`, `${[`# ${title}`, notice, ...sections].join('\n\n')}\n`]
}

function configuration(): string[] {
  return [
    'The files of a project. Unknown members are errors. `$env(NAME)` stands for an environment variable in the values of `sallyport.jsonc`, of `options` and of `corsPolicies`; `${env.NAME}` in URLs such as `rewritePattern`. `.env` of the project is read first, the environment of the process goes before it.',
    '## `sallyport.jsonc`',
    renderOptions(toJsonSchema(settingsSchema)),
    '## `config/policies.json`',
    'Options of each policy type: [policies](policies.md).',
    renderOptions(toJsonSchema(policiesFileSchema)),
    '## `x-gateway-route` in `config/*.oas.json`, `.jsonc`, `.yaml`',
    'A member of an OpenAPI operation. Methods may be joined: `"get,post"`. Options of each handler: [handlers](handlers.md).',
    renderOptions(toJsonSchema(routeExtensionSchema)),
  ]
}

function policies(): string[] {
  return policyTypes.flatMap(({ type, exportName, summary, options, reasons: codes }) => [
    `## ${type}`,
    summary,
    `\`"policyType": "${type}"\`, \`"export": "${exportName}"\``,
    renderOptions(toJsonSchema(options)),
    ...(codes.length > 0 ? [`Reasons: ${codes.map((code) => `[\`${code}\`](reasons.md#${code})`).join(', ')}.`] : []),
  ])
}

function handlers(): string[] {
  return handlerTypes.flatMap(({ exportName, summary, options }) => [
    `## ${exportName}`,
    summary,
    renderOptions(toJsonSchema(options)),
  ])
}

function eras(): string[] {
  return [
    'Clients of MCP 2026-07-28 and of 2025-11-25 and older share a URL, whichever of them the upstream speaks. A message goes out in the era of its client; only when the upstream shows that it does not know it is it translated. That is remembered per credential for an hour, and the option `protocol` of a [handler](handlers.md) decides it for good. What is not named here passes unchanged, unknown members and content types included.',
    renderTable(
      ['feature', 'client of 2026-07-28, older upstream', 'older client, upstream of 2026-07-28'],
      bridgedFeatures.map(({ feature, modernToLegacy, legacyToModern }) => [
        feature,
        modernToLegacy.change,
        legacyToModern.change,
      ]),
    ),
  ]
}

function reasonCodes(): string[] {
  const all: [string, Reason][] = Object.entries(reasons)
  return [
    'Every refusal and failure carries one of these codes: in the event, in the log, and in `error.data.reason` or the problem document that the caller gets. A code is never renamed.',
    renderTable(
      ['code', 'origin', 'HTTP', 'JSON-RPC', 'message'],
      all.map(([code, { origin, status, code: rpc, message }]) => [
        `[\`${code}\`](#${code})`,
        origin,
        String(status),
        String(rpc),
        message,
      ]),
    ),
    ...all.flatMap(([code, { cause, remedy }]) => [`## ${code}`, `Cause: ${cause}`, `Remedy: ${remedy}`]),
  ]
}

function events(): string[] {
  return [
    'One event per thing that happened. Never in an event: tokens, codes, secrets, arguments, results.',
    '## Types',
    renderTable(
      ['type', 'what happened'],
      Object.entries(eventTypes).map(([type, text]) => [`\`${type}\``, text]),
    ),
    '## Fields',
    renderOptions(toJsonSchema(eventFields), { withDefaults: false }),
  ]
}

function logs(): string[] {
  return [
    'One line of JSON each, on standard output. Nothing in it is secret: names and shapes that look like one are replaced by `[secret]`. Fields that are not here say more about one line and may change.',
    renderOptions(toJsonSchema(logFields), { withDefaults: false }),
  ]
}

/** From what a gateway that answered one request says. */
function metrics(): string[] {
  const sink = { name: 'sqlite', waiting: 0, written: 0, dropped: 0, trouble: undefined }
  const connections = [{ virtualServer: 'crm', open: 0, busy: 0, waiting: 0 }]
  const state = { version: '', requests: 0, streams: 0, sessions: 0, connections, bufferedEvents: 0, sinks: [sink] }
  const kept = createMetrics({
    isKnownMethod: () => true,
    readers: [() => describeGateway(state)],
  })
  const outcome = { outcome: 'failure', failureOrigin: 'upstream', reason: 'upstream_timeout' } as const
  const event = newEvent('capability_failed', 0, '')
  void kept.sink.write([{ ...event, ...outcome, virtualServer: 'crm', method: 'tools/call', latencyMs: 1 }])
  return [
    'What `GET /metrics` of the admin listener answers (Prometheus text format).',
    renderTable(
      ['name', 'type', 'labels', 'what'],
      kept.readAll().map(({ name, type, help, samples }) => [
        `\`${name}\``,
        type,
        Object.keys(samples[0]?.labels ?? {})
          .map((label) => `\`${label}\``)
          .join(', '),
        help,
      ]),
    ),
  ]
}

function alerts(): string[] {
  return [
    'Kinds of alerts, and what `details` of each say. What is sent, and when: [alerts](../operations/alerts.md).',
    renderTable(
      ['kind', 'what'],
      Object.entries(alertKinds).map(([kind, text]) => [`\`${kind}\``, text]),
    ),
  ]
}

function clickhouse(): string[] {
  return [
    'For `exports.clickhouse`. Tested with ClickHouse 26.9.',
    `\`\`\`sql\n${describeClickhouseTable('default', 'sallyport_events')}\n\`\`\``,
    'After an upgrade of the gateway. It adds what the table does not have; until then those values are left out:',
    `\`\`\`sql\n${describeClickhouseColumns('default', 'sallyport_events')}\n\`\`\``,
  ]
}

/** The version is not written down: it changes without the API, and the served document has it. */
function describeAdminApi() {
  return renderOpenApi(operations, '0')
}

function adminApi(): string[] {
  const tags = Map.groupBy<string, OperationDeclaration>(operations, ({ tag }) => tag)
  return [
    'What the console uses, on the admin listener, below `/api/admin`. [admin-api.openapi.json](admin-api.openapi.json) has parameters, bodies and answers of every operation; a gateway serves it at `/api/admin/openapi.json`. Sign-in, roles and headers: [the console](../operations/admin.md).',
    ...[...tags].flatMap(([tag, list]) => [
      `## ${tag}`,
      renderTable(
        ['operation', '', 'role', 'what it does'],
        list.map(({ id, method, path, role, summary }) => [`\`${method} ${path}\``, `\`${id}\``, role, summary]),
      ),
    ]),
  ]
}

function cli(): string[] {
  const program = createProgram()
  return [
    describeCommand(program),
    ...program.commands.flatMap((command) => [
      `## ${command.name()}`,
      describeCommand(command),
      ...command
        .createHelp()
        .visibleCommands(command)
        .flatMap((part) => [`### ${command.name()} ${part.name()}`, describeCommand(part)]),
    ]),
  ]
}

function describeCommand(command: Command): string {
  let text = ''
  command.configureOutput({
    writeOut: (part) => void (text += part),
    getOutHelpWidth: () => 100,
    getOutHasColors: () => false,
  })
  command.outputHelp()
  return `\`\`\`text\n${text.trim()}\n\`\`\``
}
