import type { AuditProblem, AuditVerification } from '../contracts/audit.ts'
import { fingerprintOf, verifySignature } from '../lib/sign.ts'
import { type ChainHead, type ChainLink, emptyChain, hashEntry } from './entry.ts'
import { type Segment, segmentText } from './segment.ts'

/** What is known from elsewhere, and must agree. */
export interface Expectation {
  /** Fingerprint of the only key that may have signed. */
  readonly key?: string | undefined
  /** An entry that was the newest at some time: it must still be there. */
  readonly head?: ChainHead | undefined
  /** What the first entry follows, in an export that does not begin with the trail. */
  readonly start?: ChainHead | undefined
}

/** Problems are reported up to here; a trail that is wrong from one place on is wrong everywhere. */
const mostProblems = 100

/**
 * Compares every entry with the hashes of the chain, and the chain with its signatures. Both come in order, oldest first; neither is held
 * in memory.
 */
export async function verifyChain(
  entries: Iterable<ChainLink> | AsyncIterable<ChainLink>,
  segments: Iterable<Segment>,
  expected: Expectation = {},
): Promise<AuditVerification> {
  const check = new ChainCheck(segments[Symbol.iterator](), expected)
  for await (const entry of entries) check.add(entry)
  return check.finish()
}

class ChainCheck {
  readonly #segments: Iterator<Segment>
  readonly #expected: Expectation
  readonly #problems: AuditProblem[] = []
  readonly #keys = new Set<string>()
  #segment: Segment | undefined
  #head = emptyChain
  #first: ChainLink | undefined
  /** The first entry follows one that is not there. */
  #isCut = false
  #count = 0
  #signedUpTo = 0
  #pruned: ChainHead | undefined

  constructor(segments: Iterator<Segment>, expected: Expectation) {
    this.#segments = segments
    this.#expected = expected
    this.#segment = nextOf(segments)
  }

  add(entry: ChainLink): void {
    this.#count += 1
    if (this.#first === undefined) this.#begin(entry)
    else this.#follow(entry)
    this.#pruned = prunedBy(entry) ?? this.#pruned
    const { head } = this.#expected
    if (head?.sequence === entry.sequence && head.hash !== entry.hash)
      this.#report('altered', entry.sequence, 'is not the entry that was the newest once')
    this.#head = entry
    while (this.#segment !== undefined && this.#segment.last <= entry.sequence) {
      this.#checkSegment(this.#segment, entry)
      this.#segment = nextOf(this.#segments)
    }
  }

  finish(): AuditVerification {
    if (this.#first !== undefined && this.#isCut) this.#checkBeginning(this.#first)
    const { sequence, hash } = this.#head
    const known = Math.max(this.#segment?.last ?? 0, this.#expected.head?.sequence ?? 0)
    if (known > sequence) this.#report('truncated', sequence + 1, `entries ${sequence + 1} to ${known} are gone`)
    const isEmpty = this.#count === 0
    return {
      entries: this.#count,
      firstSequence: this.#first?.sequence,
      lastSequence: isEmpty ? undefined : sequence,
      lastHash: isEmpty ? undefined : hash,
      signedUpTo: this.#signedUpTo,
      keys: [...this.#keys],
      problems: this.#problems,
    }
  }

  #begin(entry: ChainLink): void {
    this.#first = entry
    this.#signedUpTo = entry.sequence - 1
    const start = this.#expected.start ?? emptyChain
    // Of a later one it is known only at the end what it follows.
    if (entry.sequence === start.sequence + 1) this.#checkHash(entry, start.hash)
    else this.#isCut = true
  }

  #follow(entry: ChainLink): void {
    const { sequence, hash } = this.#head
    if (entry.sequence <= sequence) this.#report('out-of-order', entry.sequence, `follows entry ${sequence}`)
    else if (entry.sequence > sequence + 1)
      this.#report('missing', sequence + 1, `entries ${sequence + 1} to ${entry.sequence - 1} are gone`)
    this.#checkHash(entry, hash)
  }

  #checkHash(entry: ChainLink, previousHash: string): void {
    if (hashEntry(entry, previousHash) === entry.hash) return
    this.#report('altered', entry.sequence, 'is not as it was written, or does not follow the entry before it')
  }

  #checkSegment(segment: Segment, entry: ChainLink): void {
    const { first, last } = segment
    const fingerprint = fingerprintOf(segment.publicKey)
    const due = this.#signedUpTo + 1
    this.#keys.add(fingerprint)
    this.#signedUpTo = last
    if (this.#expected.key !== undefined && fingerprint !== this.#expected.key)
      this.#report('unknown-key', last, `was signed with the key ${fingerprint}`)
    if (!verifySignature(segment.publicKey, segmentText(segment), segment.signature))
      this.#report('bad-signature', last, `the signature of entries ${first} to ${last} is wrong`)
    if (last !== entry.sequence || segment.hash !== entry.hash)
      this.#report('altered', last, 'is not the entry that was signed')
    if (first !== due) this.#report('missing', due, `the signature of entries ${due} to ${first - 1} is gone`)
  }

  /** The first entry follows one that is not there any more, which is right only if the chain itself says that it was removed. */
  #checkBeginning(first: ChainLink): void {
    const pruned = this.#pruned
    if (pruned?.sequence === first.sequence - 1 && hashEntry(first, pruned.hash) === first.hash) return
    this.#report('missing', 1, `entries 1 to ${first.sequence - 1} are gone, and no entry says that they were too old`)
  }

  #report(kind: AuditProblem['kind'], sequence: number, message: string): void {
    if (this.#problems.length >= mostProblems) return
    this.#problems.push({ kind, sequence, message: `entry ${sequence}: ${message}` })
  }
}

function prunedBy(entry: ChainLink): ChainHead | undefined {
  if ('body' in entry || entry.type !== 'audit_pruned') return undefined
  const [sequence, hash] = [entry.fields.upTo?.value, entry.fields.hash?.value]
  return typeof sequence === 'number' && typeof hash === 'string' ? { sequence, hash } : undefined
}

function nextOf<T>(iterator: Iterator<T>): T | undefined {
  const { done, value } = iterator.next()
  return done === true ? undefined : value
}
