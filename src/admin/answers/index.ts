import type { AnswersOf } from '../answer.ts'
import type { OperationId } from '../operations/index.ts'
import { auditAnswers } from './audit.ts'
import { clientAnswers } from './clients.ts'
import { connectionAnswers } from './connections.ts'
import { keyAnswers } from './keys.ts'
import { projectAnswers } from './project.ts'
import { sessionAnswers } from './session.ts'

/** What every operation does, by id; the compiler misses none. */
export const answers: Partial<AnswersOf<OperationId>> = {
  ...sessionAnswers,
  ...projectAnswers,
  ...connectionAnswers,
  ...clientAnswers,
  ...keyAnswers,
  ...auditAnswers,
}
