import { Command, InvalidArgumentError } from 'commander'
import { commandGroup } from '../command-group.ts'
import { parseSince, parseTenant } from '../parse-options.ts'

/** `sallyport audit`: the tamper-evident trail. */
export function auditCommand(): Command {
  return commandGroup(
    'audit',
    'Read, verify and export the audit trail: sign-ins, consents, credentials, keys, changes, refusals.',
    [listCommand(), verifyCommand(), exportCommand(), redactCommand()],
    '\nWorks beside a running gateway. See docs/operations/audit.md.\n\nExamples:\n  $ sallyport audit list --subject ada\n  $ sallyport audit verify --head 4711:dGhlIGhhc2g\n  $ sallyport audit export --subject ada --output ada.jsonl',
  )
}

function listCommand(): Command {
  return new Command('list')
    .description('List entries, newest first.')
    .argument('[directory]', 'Directory of the project.', '.')
    .option('--subject <id>', 'Only entries of this subject, acting or acted for.')
    .option('--type <type>', 'Only entries of this type, e.g. auth_consent_given.')
    .option('--tenant <name>', 'Only entries of this tenant.', parseTenant)
    .option('--since <time>', 'Only entries since then: a time or an age (2h, 7d).', parseSince)
    .option('-n, --limit <number>', 'Most entries to list.', parseCount, 50)
    .option('--json', 'Print the entries as JSON.')
    .addHelpText('after', '\nExamples:\n  $ sallyport audit list --type admin_changed --since 7d')
    .action(async (directory: string, options) => {
      await (await import('../manage-audit.ts')).listAudit(directory, options)
    })
}

function verifyCommand(): Command {
  return new Command('verify')
    .description('Verify every entry and every signature. Exit code 1 when anything is wrong.')
    .argument('[directory]', 'Directory of the project.', '.')
    .option('--file <path>', 'Verify an export instead; needs no project.')
    .option('--key <fingerprint>', 'Only this key may have signed, e.g. SHA256:…')
    .option(
      '--head <number:hash>',
      'An entry that was the newest once, as the log has it: it must still be there.',
      parseHead,
    )
    .option('--json', 'Print the result as JSON.')
    .addHelpText('after', '\nExamples:\n  $ sallyport audit verify\n  $ sallyport audit verify --file ada.jsonl')
    .action(async (directory: string, options) => {
      await (await import('../manage-audit.ts')).verifyAudit(directory, options)
    })
}

function exportCommand(): Command {
  return new Command('export')
    .description('Write the trail as lines of JSON that anybody can verify without the gateway.')
    .argument('[directory]', 'Directory of the project.', '.')
    .option('--subject <id>', 'Show only entries of this subject; the others are in it as hashes.')
    .option('-o, --output <path>', 'File to write; standard output without it.')
    .addHelpText('after', '\nExamples:\n  $ sallyport audit export --output trail.jsonl')
    .action(async (directory: string, options) => {
      await (await import('../manage-audit.ts')).exportAudit(directory, options)
    })
}

function redactCommand(): Command {
  return new Command('redact')
    .description(
      'Remove, for good, what the entries of a subject say of a person. What happened stays, and the trail still verifies.',
    )
    .argument('<subject>', 'Subject id, as `audit list` shows it.')
    .argument('[directory]', 'Directory of the project.', '.')
    .requiredOption('--yes', 'It cannot be undone.')
    .option('--json', 'Print the result as JSON.')
    .addHelpText('after', '\nExamples:\n  $ sallyport audit redact ada --yes')
    .action(async (subject: string, directory: string, options) => {
      await (await import('../manage-audit.ts')).redactAudit(subject, directory, options)
    })
}

function parseCount(text: string): number {
  const count = Number(text)
  if (!Number.isInteger(count) || count < 1) throw new InvalidArgumentError('Write a whole number of at least 1.')
  return count
}

function parseHead(text: string): { sequence: number; hash: string } {
  const match = /^(\d+):([\w-]{43})$/.exec(text)
  if (!match) throw new InvalidArgumentError('Write number and hash as the log has them, e.g. 4711:dGhlIGhhc2g….')
  return { sequence: Number(match[1]), hash: match[2] ?? '' }
}
