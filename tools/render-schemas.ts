import { catalogEntrySchema } from '../src/config/catalog-entry.ts'
import { policiesFileSchema, policyEntrySchema } from '../src/config/policies-schema.ts'
import { settingsSchema } from '../src/config/project-schema.ts'
import { routeExtensionSchema } from '../src/config/route-extension.ts'
import type { HandlerType } from '../src/contracts/handler.ts'
import type { PolicyType } from '../src/contracts/policy.ts'
import { handlerTypes } from '../src/handlers/index.ts'
import { policyTypes } from '../src/policies/index.ts'
import { allowVariables, type JsonSchema, toJsonSchema } from './json-schema.ts'

const draft = 'http://json-schema.org/draft-07/schema#'
const methods = 'get|put|post|delete|options|head|patch|trace'

/** The JSON Schemas for editors, by path. */
export function renderSchemas(): [path: string, content: string][] {
  return [
    render('project', 'sallyport.jsonc', allowVariables(toJsonSchema(settingsSchema))),
    render('policies', 'config/policies.json', policiesSchema()),
    render('routes', 'config/*.oas.json', routesSchema()),
    render('catalog-entry', 'catalog/*.json', toJsonSchema(catalogEntrySchema)),
  ]
}

function render(name: string, title: string, schema: JsonSchema): [path: string, content: string] {
  return [`schemas/${name}.schema.json`, `${JSON.stringify({ $schema: draft, title, ...schema }, undefined, 2)}\n`]
}

function policiesSchema(): JsonSchema {
  const file = toJsonSchema(policiesFileSchema)
  const { corsPolicies = {}, policies = {} } = file.properties ?? {}
  const entries = { ...policies, items: { oneOf: policyTypes.map(policySchema) } }
  return { ...file, properties: { ...file.properties, policies: entries, corsPolicies: allowVariables(corsPolicies) } }
}

function policySchema({ type, exportName, summary, options }: PolicyType): JsonSchema {
  const entry = toJsonSchema(policyEntrySchema)
  const { name = {}, policyType = {}, handler = {} } = entry.properties ?? {}
  const properties = { name, policyType: { ...policyType, const: type }, handler: bind(handler, exportName, options) }
  return { ...entry, description: summary, properties }
}

function routesSchema(): JsonSchema {
  const operation: JsonSchema = {
    type: 'object',
    properties: {
      operationId: { type: 'string', description: 'Name of the virtual server in every event. Unique in the project.' },
      summary: { type: 'string', description: 'Title of the virtual server, shown to people.' },
      description: { type: 'string', description: 'What the virtual server offers, shown to people.' },
      'x-gateway-route': routeSchema(),
    },
    required: ['operationId', 'x-gateway-route'],
  }
  const pathItem = { type: 'object', patternProperties: { [`^(${methods})(,(${methods}))*$`]: operation } }
  return {
    type: 'object',
    properties: {
      openapi: { type: 'string', pattern: String.raw`^3\.[12]\.\d+$` },
      paths: { type: 'object', description: 'One member per route path.', patternProperties: { '^/': pathItem } },
    },
    required: ['openapi', 'paths'],
  }
}

function routeSchema(): JsonSchema {
  const route = toJsonSchema(routeExtensionSchema)
  const { handler = {} } = route.properties ?? {}
  const handlers = handlerTypes.map(({ exportName, summary, options }: HandlerType) => ({
    ...bind(handler, exportName, options),
    description: summary,
  }))
  return { ...route, properties: { ...route.properties, handler: { oneOf: handlers } } }
}

/** A `handler` member for one export, with the options of what it names. */
function bind(handler: JsonSchema, exportName: string, options: PolicyType['options']): JsonSchema {
  const { module = {}, export: name = {}, options: open = {} } = handler.properties ?? {}
  const bound = toJsonSchema(options)
  return {
    ...handler,
    required: ['module', 'export', ...(bound.required ? ['options'] : [])],
    properties: {
      module: { ...module, const: '$import(sallyport)' },
      export: { ...name, const: exportName },
      options: { ...allowVariables(bound), ...(open.description !== undefined && { description: open.description }) },
    },
  }
}
