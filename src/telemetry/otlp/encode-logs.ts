import { eventFields, type GatewayEvent } from '../../analytics/event.ts'
import { type OtlpSource, toAttributes, toNanoseconds, toScope } from './otlp-json.ts'

/** An `ExportLogsServiceRequest`: one record for each event, its fields as attributes below `sallyport.`. */
export function encodeLogs(
  events: readonly GatewayEvent[],
  source: OtlpSource,
  { people }: { readonly people: boolean },
): object {
  const logRecords = events.map((event) => ({
    timeUnixNano: toNanoseconds(event.time),
    observedTimeUnixNano: toNanoseconds(event.time),
    ...severityOf(event),
    eventName: event.type,
    body: { stringValue: event.type },
    attributes: toAttributes(Object.fromEntries(names.flatMap((name) => entryOf(event, name, people)))),
    traceId: event.traceId ?? undefined,
  }))
  return {
    resourceLogs: [{ resource: { attributes: source.resource }, scopeLogs: [{ scope: toScope(source), logRecords }] }],
  }
}

const names = (Object.keys(eventFields.shape) as (keyof GatewayEvent)[]).filter(
  (name) => name !== 'time' && name !== 'type' && name !== 'traceId',
)

function entryOf(event: GatewayEvent, name: keyof GatewayEvent, people: boolean) {
  return name === 'subject' && !people ? [] : [[`sallyport.${name}`, event[name]] as const]
}

function severityOf({ outcome, failureOrigin }: GatewayEvent) {
  if (outcome === 'success') return { severityNumber: 9, severityText: 'INFO' }
  return failureOrigin === 'gateway'
    ? { severityNumber: 17, severityText: 'ERROR' }
    : { severityNumber: 13, severityText: 'WARN' }
}
