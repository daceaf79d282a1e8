import { HighlightStyle, syntaxHighlighting } from '@codemirror/language'
import type { Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'
import { tags } from '@lezer/highlight'

const look = EditorView.theme({
  '&': { backgroundColor: 'var(--card)', color: 'var(--ink)', fontSize: '0.8125rem' },
  '&.cm-focused': { outline: '2px solid var(--accent)', outlineOffset: '-2px' },
  '.cm-scroller': { fontFamily: 'var(--mantine-font-family-monospace)', lineHeight: '1.6' },
  '.cm-gutters': { backgroundColor: 'var(--card)', color: 'var(--soft)', border: 'none' },
  '.cm-activeLine, .cm-activeLineGutter': { backgroundColor: 'var(--sunk)' },
  '.cm-cursor': { borderLeftColor: 'var(--ink)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground, ::selection': {
    backgroundColor: 'var(--accent-bg)',
  },
  '.cm-comment, .cm-comment *': { color: 'var(--soft)', fontStyle: 'italic' },
  '.cm-tooltip': {
    backgroundColor: 'var(--card)',
    color: 'var(--ink)',
    border: '1px solid var(--edge)',
    borderRadius: '7px',
    overflow: 'hidden',
    boxShadow: '0 6px 20px var(--shadow)',
  },
  '.cm-description': { maxWidth: '46ch', padding: '6px 10px', fontFamily: 'var(--mantine-font-family)' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': { backgroundColor: 'var(--accent-bg)', color: 'var(--ink)' },
  '.cm-completionInfo': { maxWidth: '42ch', fontFamily: 'var(--mantine-font-family)' },
  // The images that come with the editor are data URLs, which the policy of the console does not let in.
  '.cm-lintRange-error': { backgroundImage: 'none', textDecoration: 'underline wavy var(--bad) 1px' },
  '.cm-lintRange-warning': { backgroundImage: 'none', textDecoration: 'underline wavy var(--warn-line) 1px' },
  '.cm-lint-marker': { width: '8px', height: '8px', margin: '6px 3px', borderRadius: '50%' },
  '.cm-lint-marker-error': { content: '""', backgroundColor: 'var(--bad)' },
  '.cm-lint-marker-warning': { content: '""', backgroundColor: 'var(--warn-line)' },
  '.cm-panels': { backgroundColor: 'var(--sunk)', color: 'var(--ink)' },
})

const highlight = HighlightStyle.define([
  { tag: tags.propertyName, color: 'var(--accent)' },
  { tag: tags.string, color: 'var(--good)' },
  { tag: [tags.number, tags.bool, tags.null, tags.labelName, tags.typeName], color: 'var(--warn-ink)' },
  { tag: tags.comment, color: 'var(--soft)', fontStyle: 'italic' },
])

/** The editor in the colours of the design tokens, light and dark. */
export const editorLook: Extension = [look, syntaxHighlighting(highlight)]
