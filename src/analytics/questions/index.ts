import { anomalies } from './anomalies.ts'
import { bytes } from './bytes.ts'
import { clientVersions } from './client-versions.ts'
import { cost } from './cost.ts'
import { credentialModes } from './credential-modes.ts'
import { errorSplit } from './error-split.ts'
import { eventTypes } from './event-types.ts'
import { failingTools } from './failing-tools.ts'
import { failureOrigins } from './failure-origins.ts'
import { jsonRpcCodes } from './json-rpc-codes.ts'
import { latency } from './latency.ts'
import { latencyOverTime } from './latency-over-time.ts'
import { methods } from './methods.ts'
import { outcomesOverTime } from './outcomes-over-time.ts'
import { protocolEras } from './protocol-eras.ts'
import type { Question } from './question.ts'
import { reasonCodes } from './reason-codes.ts'
import { resultTokens } from './result-tokens.ts'
import { slowestTools } from './slowest-tools.ts'
import { subjectUse } from './subject-use.ts'
import { successRate } from './success-rate.ts'
import { topCapabilities } from './top-capabilities.ts'
import { topClients } from './top-clients.ts'
import { topSubjects } from './top-subjects.ts'
import { topTeams } from './top-teams.ts'
import { topTenants } from './top-tenants.ts'
import { topUpstreams } from './top-upstreams.ts'
import { topVirtualServers } from './top-virtual-servers.ts'

/** Every question, in the order of the reference. */
export const questions: readonly Question[] = [
  successRate,
  errorSplit,
  failureOrigins,
  outcomesOverTime,
  latency,
  latencyOverTime,
  eventTypes,
  topCapabilities,
  topSubjects,
  subjectUse,
  topTeams,
  topTenants,
  topVirtualServers,
  topUpstreams,
  topClients,
  clientVersions,
  protocolEras,
  methods,
  reasonCodes,
  jsonRpcCodes,
  credentialModes,
  bytes,
  resultTokens,
  cost,
  slowestTools,
  failingTools,
  anomalies,
]

const byName = new Map(questions.map((question) => [question.name, question]))

/** The question with this name. */
export function findQuestion(name: string): Question | undefined {
  return byName.get(name)
}
