import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap } from '@codemirror/autocomplete'
import { defaultKeymap, history, historyKeymap } from '@codemirror/commands'
import { json } from '@codemirror/lang-json'
import { yaml } from '@codemirror/lang-yaml'
import { bracketMatching, foldGutter, foldKeymap, indentOnInput } from '@codemirror/language'
import { lintGutter, lintKeymap, setDiagnostics } from '@codemirror/lint'
import { highlightSelectionMatches, searchKeymap } from '@codemirror/search'
import { Compartment, EditorState, type Extension } from '@codemirror/state'
import { EditorView, highlightActiveLine, hoverTooltip, keymap, lineNumbers } from '@codemirror/view'
import { useEffect, useRef } from 'react'
import { readNonce } from '../../app/read-nonce.ts'
import { completeFromSchema, describeAt } from './complete-from-schema.ts'
import { editorLook } from './editor-look.ts'
import type { JsonSchema } from './json-schema.ts'
import { markComments } from './mark-comments.ts'
import { type EditorProblem, toDiagnostics } from './to-diagnostics.ts'

interface TextEditorProps {
  /** For screen readers. */
  readonly label: string
  readonly value: string
  /** Absent: the text can be read only. */
  readonly onChange?: (value: string) => void
  /** JSON may have comments. */
  readonly language: 'jsonc' | 'yaml'
  /** Offers names and values, and explains what the pointer is on. */
  readonly schema?: JsonSchema | undefined
  readonly problems?: readonly EditorProblem[]
}

const languages: { readonly [language in TextEditorProps['language']]: Extension } = {
  jsonc: [json(), markComments],
  yaml: yaml(),
}

/** An editor for the text of one file. Escape and then Tab leaves it. */
export default function TextEditor({ label, value, onChange, language, schema, problems = [] }: TextEditorProps) {
  const frame = useRef<HTMLDivElement>(null)
  const view = useRef<EditorView>(null)
  const change = useRef(onChange)
  change.current = onChange
  const helping = useRef(new Compartment())
  const readOnly = onChange === undefined

  // The editor is made once for each file; what changes meanwhile is told to it below.
  useEffect(() => {
    if (!frame.current) return
    const made = new EditorView({
      parent: frame.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          baseExtensions(label, readOnly),
          languages[language],
          helping.current.of(helpFrom(schema)),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) change.current?.(update.state.doc.toString())
          }),
        ],
      }),
    })
    view.current = made
    return () => made.destroy()
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- value and schema are told to the editor below
  }, [label, language, readOnly])

  useEffect(() => {
    const state = view.current?.state
    if (state && state.doc.toString() !== value) {
      view.current?.dispatch({ changes: { from: 0, to: state.doc.length, insert: value } })
    }
  }, [value])
  useEffect(() => view.current?.dispatch({ effects: helping.current.reconfigure(helpFrom(schema)) }), [schema])
  useEffect(() => {
    const state = view.current?.state
    if (state) view.current?.dispatch(setDiagnostics(state, toDiagnostics(state.doc, problems)))
  }, [problems])

  return <div ref={frame} />
}

function baseExtensions(label: string, readOnly: boolean): Extension {
  return [
    EditorView.cspNonce.of(readNonce()),
    EditorView.contentAttributes.of({ 'aria-label': label }),
    EditorState.readOnly.of(readOnly),
    lineNumbers(),
    foldGutter(),
    lintGutter(),
    history(),
    indentOnInput(),
    bracketMatching(),
    closeBrackets(),
    highlightActiveLine(),
    highlightSelectionMatches(),
    EditorView.lineWrapping,
    editorLook,
    keymap.of([
      ...closeBracketsKeymap,
      ...defaultKeymap,
      ...searchKeymap,
      ...historyKeymap,
      ...foldKeymap,
      ...completionKeymap,
      ...lintKeymap,
    ]),
  ]
}

function helpFrom(schema: JsonSchema | undefined): Extension {
  if (!schema) return []
  return [
    autocompletion({ override: [completeFromSchema(schema)] }),
    hoverTooltip((view, position) => {
      const found = describeAt(schema, view.state, position)
      if (!found) return null
      const dom = document.createElement('div')
      dom.className = 'cm-description'
      dom.textContent = found.description
      return { pos: found.from, end: found.to, above: true, create: () => ({ dom }) }
    }),
  ]
}
