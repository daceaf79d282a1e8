import type { SinkState } from '../contracts/event-sink.ts'
import type { Labels, MetricFamily, Sample } from './prometheus-text.ts'

/** Connections to one upstream. */
export interface ConnectionCount {
  readonly virtualServer: string
  /** Kept open. */
  readonly open: number
  /** Of these, with a request. */
  readonly busy: number
  /** Requests that wait for one. */
  readonly waiting: number
}

/** What a gateway has at this moment. */
export interface GatewayState {
  readonly version: string
  readonly requests: number
  readonly streams: number
  readonly sessions: number
  readonly connections: readonly ConnectionCount[]
  readonly bufferedEvents: number
  readonly sinks: readonly SinkState[]
}

/** What is read of a gateway when somebody asks. */
export function describeGateway(state: GatewayState): readonly MetricFamily[] {
  const bySink = (read: (sink: SinkState) => number): Sample[] =>
    state.sinks.map((sink) => ({ labels: { sink: sink.name }, value: read(sink) }))
  const byServer = ({ virtualServer }: ConnectionCount): Labels => ({ virtual_server: virtualServer })
  const byUpstream = (read: (count: ConnectionCount) => number): Sample[] =>
    state.connections.map((count) => ({ labels: byServer(count), value: read(count) }))
  return [
    gauge('sallyport_build_info', 'Always 1; the version is a label.', [
      { labels: { version: state.version }, value: 1 },
    ]),
    gauge('sallyport_requests_in_flight', 'Requests under way, streams included.', [{ value: state.requests }]),
    gauge('sallyport_open_streams', 'Streams of sessions that stay open.', [{ value: state.streams }]),
    gauge('sallyport_live_sessions', 'Sessions of clients of older revisions that the gateway remembers.', [
      { value: state.sessions },
    ]),
    gauge(
      'sallyport_upstream_connections',
      'Open connections to the upstream.',
      byUpstream(({ open }) => open),
    ),
    gauge(
      'sallyport_upstream_connections_busy',
      'Of these, with a request.',
      byUpstream(({ busy }) => busy),
    ),
    gauge(
      'sallyport_upstream_requests_waiting',
      'Requests that wait for a connection to the upstream.',
      byUpstream(({ waiting }) => waiting),
    ),
    gauge('sallyport_event_buffer_depth', 'Events that wait to be handed to the sinks.', [
      { value: state.bufferedEvents },
    ]),
    counter(
      'sallyport_sink_written_total',
      'What a sink took: events, messages or requests.',
      bySink(({ written }) => written),
    ),
    counter(
      'sallyport_sink_dropped_total',
      'What a sink lost.',
      bySink(({ dropped }) => dropped),
    ),
    gauge(
      'sallyport_sink_waiting',
      'What waits for a sink.',
      bySink(({ waiting }) => waiting),
    ),
    gauge(
      'sallyport_sink_up',
      '0 while the receiver of a sink takes nothing.',
      bySink(({ trouble }) => (trouble ? 0 : 1)),
    ),
  ]
}

const gauge = (name: string, help: string, samples: readonly Sample[]): MetricFamily => ({
  name,
  help,
  type: 'gauge',
  samples,
})
const counter = (name: string, help: string, samples: readonly Sample[]): MetricFamily => ({
  name,
  help,
  type: 'counter',
  samples,
})
