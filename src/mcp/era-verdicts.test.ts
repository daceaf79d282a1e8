import { describe, expect, it } from 'vitest'
import { EraVerdicts } from './era-verdicts.ts'

const hourMs = 60 * 60 * 1000

describe('era verdicts', () => {
  it('leave a message in the era of its client until there is evidence', () => {
    const verdicts = new EraVerdicts('auto')
    expect([verdicts.eraFor('modern', 'a'), verdicts.eraFor('legacy', 'a')]).toEqual(['modern', 'legacy'])
    verdicts.note('a', 'legacy')
    expect(verdicts.eraFor('modern', 'a')).toBe('legacy')
    expect(verdicts.eraFor('legacy', 'a')).toBe('legacy')
  })

  it('belong to the credential under which they were found', () => {
    const verdicts = new EraVerdicts('auto')
    verdicts.note('a', 'legacy')
    expect(verdicts.eraFor('modern', 'b')).toBe('modern')
  })

  it('end after an hour, however often they were used', () => {
    let nowMs = 1000
    const verdicts = new EraVerdicts('auto', () => nowMs)
    verdicts.note('a', 'legacy')
    nowMs += hourMs - 1
    expect(verdicts.eraFor('modern', 'a')).toBe('legacy')
    nowMs += 2
    expect(verdicts.eraFor('modern', 'a')).toBe('modern')
  })

  it('are forgotten on evidence', () => {
    const verdicts = new EraVerdicts('auto')
    verdicts.note('a', 'legacy')
    verdicts.forget('a')
    expect(verdicts.eraFor('modern', 'a')).toBe('modern')
  })

  it('do not stand against what the operator wrote', () => {
    const verdicts = new EraVerdicts('modern')
    verdicts.note('a', 'legacy')
    expect(verdicts.mayLearn).toBe(false)
    expect([verdicts.eraFor('modern', 'a'), verdicts.eraFor('legacy', 'a')]).toEqual(['modern', 'modern'])
  })
})
