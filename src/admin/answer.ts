import type { AdminCall } from './admin-host.ts'
import type { OperationAnswer, OperationDeclaration, OperationInput } from './operation.ts'
import type { OperationId, OperationOf } from './operations/index.ts'

/** What one operation does. Refuses by throwing a `GatewayError`. */
export type Answer<Declaration extends OperationDeclaration> = (
  input: OperationInput<Declaration>,
  call: AdminCall,
) => Promise<OperationAnswer<Declaration>> | OperationAnswer<Declaration>

/** What some operations do, by id. */
export type AnswersOf<Ids extends OperationId> = { readonly [Id in Ids]: Answer<OperationOf<Id>> }
