import { Tally } from '../tally.ts'
import { applyDefaults, describeTally } from './describe-tally.ts'
import { answerBase, defineQuestion, filterParams, stats } from './question.ts'

export const successRate = defineQuestion({
  name: 'success-rate',
  summary: 'How many events there are, and how many succeeded.',
  params: filterParams,
  answer: answerBase.extend(stats.shape),
  async ask(reader, params) {
    const filter = applyDefaults(params, reader.nowMs)
    const [group] = await reader.group(filter, {})
    return { filter, ...describeTally(group?.tally ?? new Tally()) }
  },
})
