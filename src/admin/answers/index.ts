import type { AnswersOf } from '../answer.ts'
import type { OperationId } from '../operations/index.ts'
import { attentionAnswers } from './attention.ts'
import { auditAnswers } from './audit.ts'
import { catalogAnswers } from './catalog.ts'
import { clientAnswers } from './clients.ts'
import { configurationAnswers } from './configuration.ts'
import { connectionAnswers } from './connections.ts'
import { eventAnswers } from './events.ts'
import { keyAnswers } from './keys.ts'
import { peopleAnswers } from './people.ts'
import { projectAnswers } from './project.ts'
import { sessionAnswers } from './session.ts'
import { tryAnswers } from './try.ts'
import { upstreamAnswers } from './upstreams.ts'
import { wizardAnswers } from './wizard.ts'

/** What every operation does, by id; the compiler misses none. */
export const answers: AnswersOf<OperationId> = {
  ...sessionAnswers,
  ...attentionAnswers,
  ...eventAnswers,
  ...projectAnswers,
  ...upstreamAnswers,
  ...connectionAnswers,
  ...clientAnswers,
  ...keyAnswers,
  ...peopleAnswers,
  ...catalogAnswers,
  ...wizardAnswers,
  ...tryAnswers,
  ...configurationAnswers,
  ...auditAnswers,
}
