import { json } from '@codemirror/lang-json'
import { unifiedMergeView } from '@codemirror/merge'
import { EditorState } from '@codemirror/state'
import { EditorView, lineNumbers } from '@codemirror/view'
import { useEffect, useRef } from 'react'
import { readNonce } from '../../app/read-nonce.ts'
import { editorLook } from './editor-look.ts'
import { markComments } from './mark-comments.ts'

interface DiffViewProps {
  /** For screen readers. */
  readonly label: string
  readonly before: string
  readonly after: string
}

/** What changes in a file, line by line; what stays is folded. */
export default function DiffView({ label, before, after }: DiffViewProps) {
  const frame = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!frame.current) return
    const view = new EditorView({
      parent: frame.current,
      state: EditorState.create({
        doc: after,
        extensions: [
          EditorView.cspNonce.of(readNonce()),
          EditorView.contentAttributes.of({ 'aria-label': label, 'aria-readonly': 'true' }),
          EditorState.readOnly.of(true),
          lineNumbers(),
          EditorView.lineWrapping,
          json(),
          markComments,
          editorLook,
          unifiedMergeView({ original: before, mergeControls: false, collapseUnchanged: { margin: 3, minSize: 6 } }),
        ],
      }),
    })
    return () => view.destroy()
  }, [label, before, after])
  return <div ref={frame} />
}
