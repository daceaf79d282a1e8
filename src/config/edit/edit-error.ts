import { GatewayError } from '../../errors/gateway-error.ts'

/** Edits that cannot be made: `config_edit_refused` with the reason in a sentence. */
export class EditError extends GatewayError {
  /** The sentence, without its full stop. */
  readonly why: string

  constructor(why: string) {
    super('config_edit_refused', { message: `These edits cannot be made: ${why}.` })
    this.why = why
  }
}
