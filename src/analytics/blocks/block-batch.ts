import type { EventBatch } from '../../contracts/event-sink.ts'
import type { GatewayEvent } from '../event.ts'
import { BlockBuilder } from './block-builder.ts'

/** Events on their way into a block; joined with others, into several. */
export class BlockBatch implements EventBatch<GatewayEvent> {
  readonly builders: readonly BlockBuilder[]

  constructor(builders: readonly BlockBuilder[] = [new BlockBuilder()]) {
    this.builders = builders
  }

  static join(batches: readonly BlockBatch[]): BlockBatch {
    return new BlockBatch(batches.flatMap(({ builders }) => builders))
  }

  get length(): number {
    return this.builders.reduce((sum, { length }) => sum + length, 0)
  }

  push(event: GatewayEvent): void {
    this.builders.at(-1)?.push(event)
  }
}
