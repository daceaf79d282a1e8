/** A way of speaking to the model that has no place in the description of a tool. */
export interface SuspiciousPhrase {
  /** Stands in events and warnings. */
  readonly what: string
  /** For a text in lower case with single blanks. Bounded, so that no text takes long. */
  readonly pattern: RegExp
}

/**
 * How poisoned descriptions speak, from attacks that were published. A table: add a line and an example to its test, which also holds
 * innocent descriptions that must pass.
 */
export const suspiciousPhrases: readonly SuspiciousPhrase[] = [
  {
    what: 'overrides instructions',
    pattern:
      /\b(?:ignore|disregard|forget|override|bypass)\b[^.!?]{0,30}\b(?:previous|prior|above|earlier|preceding|other|system|safety|all|your|any)\b[^.!?]{0,20}\b(?:instructions?|prompts?|rules|guidelines|directions|restrictions|policies)\b/,
  },
  {
    what: 'asks for secrecy',
    pattern:
      /\b(?:do not|don['’]t|never|must not|should not|without)\s(?:ever\s)?(?:tell|telling|inform|informing|mention|mentioning|notify|notifying|alert|alerting|reveal|revealing|disclose|disclosing|say|explain|explaining|show|showing)\b[^.!?]{0,40}\b(?:users?|humans?|person|people|anyone|anybody|operators?|developers?)\b(?!['’]s)/,
  },
  {
    what: 'asks for secrecy',
    pattern:
      /\b(?:do not|don['’]t|never|must not)\s(?:mention|reveal|disclose|talk about|refer to)\s(?:this|these|that|any of this|the above)\b/,
  },
  {
    what: 'wants to be unnoticed',
    pattern:
      /\b(?:silently|secretly|covertly|discreetly)\b[^.!?]{0,40}\b(?:send|call|read|forward|include|copy|upload|add|run|execute|write|collect)\b/,
  },
  {
    what: 'wants to be unnoticed',
    pattern:
      /\bwithout\b[^.!?]{0,20}\b(?:user|human|person|anyone)(?:['’]s)?\s(?:knowledge|knowing|noticing|consent|approval|awareness)\b/,
  },
  {
    what: 'makes reading something a condition',
    pattern:
      /\b(?:before|prior to|when|whenever|every time|each time)\b[^.!?]{0,20}\b(?:call|calling|use|using|invoke|invoking|run|running)\b[^.!?]{0,20}\b(?:this|any|other|all|these|a|the)\b[^.!?]{0,20}\b(?:tools?|functions?)\b[^.!?]{0,60}\b(?:must|have to|need to|always|required to|first)\b[^.!?]{0,20}\b(?:read|open|load|cat|fetch|send|upload|include|dump|access)\b/,
  },
  {
    what: 'makes reading something a condition',
    pattern:
      /\b(?:must|have to|need to|always|first)\b[^.!?]{0,20}\b(?:read|open|load|cat|access)\b(?:[^.!?]|\.(?=\S)){0,80}\b(?:and|then)\b[^.!?]{0,20}\b(?:pass|send|provide|include|put|submit)\b/,
  },
  {
    what: 'reaches for secrets',
    pattern:
      /\b(?:read|open|cat|send|include|pass|attach|upload|load|access|copy|contents? of)\b.{0,60}(?:~\/\.|\.ssh\b|\bid_rsa\b|\bid_ed25519\b|\/etc\/(?:passwd|shadow)\b|\.aws\/|\.cursor\/|\bmcp\.json\b|claude_desktop_config|\bkeychain\b)/,
  },
  {
    what: 'reaches for the conversation',
    pattern:
      /\b(?:pass|include|put|send|append|attach|provide|copy|forward|insert|summarize)\b[^.!?]{0,40}\b(?:conversation|chat history|system prompt|previous messages|message history|entire context|full context|original prompt)\b[^.!?]{0,60}\b(?:parameter|argument|field|sidenote|note|feedback|context|url|address|email|endpoint|input)\b/,
  },
  {
    what: 'redirects what other tools do',
    pattern:
      /\b(?:emails?|messages?|payments?|transfers?|requests?|invoices?)\b[^.!?]{0,60}\b(?:must|should|always|instead)\b[^.!?]{0,40}\b(?:to|bcc|cc)\b[^.!?]{0,20}(?:\S{1,64}@\S{1,64}|https?:\/\/)/,
  },
  {
    what: 'speaks as the system',
    pattern:
      /<\s?\/?\s?(?:important|system|instructions?|secret|hidden|critical|admin|assistant|override)\s?>|\[\s?\/?\s?(?:system|inst)\s?\]|<\|(?:im_start|im_end|system|assistant)\|>|^\s?system\s?:/,
  },
  {
    what: 'gives the model a role',
    pattern: /\b(?:you are now|from now on,? you|pretend (?:to be|that you|you are)|new instructions\s?:)/,
  },
]
