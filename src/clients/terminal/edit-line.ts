import type { Key } from "#clients/terminal/key.ts";
import type { LineEditor } from "#clients/terminal/line-editor.ts";

/** What a key does to the line that is written, as shells have it. */
export function editLine(editor: LineEditor, key: Key): void {
  if (key.name === "text") return editor.insert(key.text);
  if (key.name === "control") return chords[key.text]?.(editor);
  moves[key.name]?.(editor);
}

const moves: Partial<Record<Key["name"], (editor: LineEditor) => void>> = {
  left: (editor) => editor.moveLeft(),
  right: (editor) => editor.moveRight(),
  home: (editor) => editor.moveToStart(),
  end: (editor) => editor.moveToEnd(),
  up: (editor) => editor.recall(-1),
  down: (editor) => editor.recall(1),
  backspace: (editor) => editor.backspace(),
  delete: (editor) => editor.delete(),
};

const chords: Record<string, (editor: LineEditor) => void> = {
  a: (editor) => editor.moveToStart(),
  e: (editor) => editor.moveToEnd(),
  u: (editor) => editor.deleteToStart(),
  k: (editor) => editor.deleteToEnd(),
  w: (editor) => editor.deleteWord(),
  d: (editor) => editor.delete(),
  h: (editor) => editor.backspace(),
  p: (editor) => editor.recall(-1),
  n: (editor) => editor.recall(1),
};
