import {
  Decoration,
  type DecorationSet,
  type EditorView,
  MatchDecorator,
  ViewPlugin,
  type ViewUpdate,
} from '@codemirror/view'

/** Comments of project files, which the JSON grammar does not know. Not what follows a colon: that is a URL. */
const matcher = new MatchDecorator({
  regexp: /(?<![:"\w])\/\/.*$|\/\*.*?\*\//gm,
  decoration: Decoration.mark({ class: 'cm-comment' }),
})

/** Sets comments back. */
export const markComments = ViewPlugin.fromClass(
  class {
    decorations: DecorationSet
    constructor(view: EditorView) {
      this.decorations = matcher.createDeco(view)
    }
    update(update: ViewUpdate): void {
      this.decorations = matcher.updateDeco(update, this.decorations)
    }
  },
  { decorations: (plugin) => plugin.decorations },
)
