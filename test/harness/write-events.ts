import type { EventSink } from '../../src/contracts/event-sink.ts'

/** Hands events to a sink as the buffer does: one by one into a batch, which is written. */
export async function writeEvents<Event>(sink: EventSink<Event>, events: readonly Event[]): Promise<void> {
  const batch = sink.newBatch?.() ?? ([] as Event[])
  for (const event of events) if (sink.wants?.(event) ?? true) batch.push(event)
  if (batch.length > 0) await sink.write(batch)
}
