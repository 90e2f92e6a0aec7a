import type { Key as InkKey } from "ink";

/** A key as the screens know it: its name, or `text` with what was typed. */
export interface Key {
  name:
    | "text"
    | "up"
    | "down"
    | "left"
    | "right"
    | "pageUp"
    | "pageDown"
    | "home"
    | "end"
    | "enter"
    | "escape"
    | "tab"
    | "backTab"
    | "backspace"
    | "delete"
    | "control";
  /** What was typed; with `control` the letter. */
  text: string;
}

/** What came at once, over a slow line also several keys: each is one of its own, the line end among them. */
export function keysOf(input: string, key: InkKey): Key[] {
  const name = nameOf(key);
  if (name) return [{ name, text: "" }];
  if (key.ctrl) return [{ name: "control", text: input.toLowerCase() }];
  // Chords that nothing here listens to must not become text.
  if (key.meta) return [];
  return Array.from(input, keyOfCharacter);
}

const characters: Record<string, Key["name"]> = {
  "\r": "enter",
  "\n": "enter",
  "\t": "tab",
  "\b": "backspace",
  "\u007f": "backspace",
  "\u001b": "escape",
};

function keyOfCharacter(text: string): Key {
  const name = characters[text];
  if (name) return { name, text: "" };
  const code = text.charCodeAt(0);
  return code < 0x20 ? { name: "control", text: String.fromCharCode(code + 0x60) } : { name: "text", text };
}

function nameOf(key: InkKey): Key["name"] | null {
  if (key.upArrow) return "up";
  if (key.downArrow) return "down";
  if (key.leftArrow) return "left";
  if (key.rightArrow) return "right";
  if (key.pageUp) return "pageUp";
  if (key.pageDown) return "pageDown";
  if (key.home) return "home";
  if (key.end) return "end";
  if (key.return) return "enter";
  if (key.escape) return "escape";
  if (key.tab) return key.shift ? "backTab" : "tab";
  if (key.backspace) return "backspace";
  return key.delete ? "delete" : null;
}

/** What moves through a list or a text, with arrows or as in vi; null for any other key. */
export function movement({ name, text }: Key): "up" | "down" | "pageUp" | "pageDown" | "start" | "end" | null {
  if (name === "text")
    return ({ k: "up", j: "down", g: "start", G: "end", " ": "pageDown", b: "pageUp" } as const)[text] ?? null;
  if (name === "control") return ({ u: "pageUp", d: "pageDown", b: "pageUp", f: "pageDown" } as const)[text] ?? null;
  if (name === "home") return "start";
  return name === "up" || name === "down" || name === "pageUp" || name === "pageDown" || name === "end" ? name : null;
}
