import { Box, Text, type TextProps, useCursor, useInput, usePaste, useWindowSize } from "ink";
import { useSyncExternalStore } from "react";
import { plain } from "#core/plain-text.ts";
import { keysOf } from "#clients/terminal/key.ts";
import { type Line, type Look, cell, cropped, fitted, widthOf } from "#clients/terminal/line.ts";
import { screenNames } from "#clients/terminal/screen-names.ts";
import type { Terminal } from "#clients/terminal/terminal.ts";

/** Below this nothing could be read. */
const least = { columns: 60, rows: 14 };
/** Header, title, notice, the line that is written, and the hint. */
const frameRows = 5;

interface AppProps {
  terminal: Terminal;
  hasColour: boolean;
}

/** Draws what the terminal client knows, and hands it the keys. */
export function App({ terminal, hasColour }: AppProps) {
  useSyncExternalStore(terminal.changes.subscribe, terminal.changes.version);
  const { columns, rows } = useWindowSize();
  const { setCursorPosition } = useCursor();
  useInput((input, key) => {
    for (const pressed of keysOf(input, key)) terminal.key(pressed);
    terminal.changes.now();
  });
  usePaste((text) => terminal.paste(text));
  const isTooSmall = columns < least.columns || rows < least.rows;
  const lines = isTooSmall ? tooSmall(columns, rows) : screenLines(terminal, columns, rows);
  const input = isTooSmall ? null : inputLine(terminal, columns);
  setCursorPosition(input === null ? undefined : { x: input.cursor, y: rows - 2 });
  return (
    <Box flexDirection="column" width={columns} height={rows} overflow="hidden">
      {lines.map((line, index) => (
        <Row key={index} line={line} hasColour={hasColour} />
      ))}
    </Box>
  );
}

function Row({ line, hasColour }: { line: Line; hasColour: boolean }) {
  return (
    <Text wrap="truncate">
      {line.length === 0
        ? " "
        : line.map(({ text, look }, index) => (
            <Text key={index} {...propsOf(look, hasColour)}>
              {text}
            </Text>
          ))}
    </Text>
  );
}

function propsOf(look: Look | undefined, hasColour: boolean): TextProps {
  if (look === undefined) return {};
  if (look === "bold") return { bold: true };
  if (look === "dim") return { dimColor: true };
  if (look === "selected") return { inverse: true };
  const colour = { good: "green", bad: "red", warn: "yellow", accent: "cyan" }[look];
  return hasColour ? { color: colour } : look === "good" ? {} : { bold: true };
}

/** All lines of the screen, from top to bottom. */
export function screenLines(terminal: Terminal, columns: number, rows: number): Line[] {
  const { screen } = terminal;
  const height = rows - frameRows;
  const body = screen.lines(columns, height).slice(0, height);
  const notice: Line = terminal.notice === "" ? [] : [{ text: ` ${terminal.notice}`, look: "warn" }];
  return [
    header(terminal, columns),
    [{ text: ` ${screen.title}`, look: "dim" as const }],
    ...body,
    ...Array.from({ length: height - body.length }, (): Line => []),
    notice,
    inputLine(terminal, columns)?.line ?? [],
    [{ text: ` ${terminal.hint}`, look: "dim" as const }],
  ].map((line) => fitted(line, columns));
}

function header(terminal: Terminal, columns: number): Line {
  const state = terminal.isConnected ? "● connected" : "○ no answer, trying again";
  const isWide = columns >= 100;
  const tabs = screenNames.flatMap((name, index): Line => {
    const count = name === "inbox" && terminal.asking > 0 ? ` (${terminal.asking})` : "";
    const text = ` ${index + 1} ${name[0]?.toUpperCase()}${name.slice(1)}${count} `;
    if (name === terminal.current) return [{ text: `[${text.trim()}]`, look: "bold" }];
    return [count === "" ? { text } : { text, look: "warn" }];
  });
  const left: Line = isWide ? [{ text: ` AbstractGateway ${terminal.client.baseUrl}  `, look: "bold" }, ...tabs] : tabs;
  const used = left.reduce((sum, { text }) => sum + widthOf(text), 0);
  const room = columns - used - 1;
  const short = widthOf(state) <= room ? state : terminal.isConnected ? "●" : "○ no answer";
  const gap = Math.max(1, columns - used - widthOf(short) - 1);
  return [...left, { text: " ".repeat(gap) }, { text: short, look: terminal.isConnected ? "good" : "bad" }];
}

/** The line that is being written, and the column of its cursor; null when nothing is written. */
function inputLine(terminal: Terminal, columns: number): { line: Line; cursor: number } | null {
  const { writing } = terminal;
  if (writing === null) return null;
  const prompt = writing === "/" ? "/" : ` ${writing} › `;
  const [before, after] = terminal.editor.parts.map((part) => visible(part)) as [string, string];
  const room = columns - widthOf(prompt) - 2;
  // A long line slides to the left, so that the cursor stays on the screen.
  const shown = widthOf(before) > room ? `…${Bun.sliceAnsi(before, widthOf(before) - room + 1)}` : before;
  const line: Line = [
    { text: prompt, look: "accent" },
    { text: shown },
    { text: cropped(after, room - widthOf(shown)) },
  ];
  return { line, cursor: widthOf(prompt) + widthOf(shown) };
}

/** Line breaks of a pasted text have no place on a line. */
function visible(text: string): string {
  return plain(text.replaceAll("\n", "⏎").replaceAll("\t", " "));
}

function tooSmall(columns: number, rows: number): Line[] {
  const text = `This window has ${columns}x${rows}; ${least.columns}x${least.rows} are needed. Make it larger, or leave with ^C.`;
  return Bun.wrapAnsi(text, columns - 1, { hard: true })
    .split("\n")
    .slice(0, rows)
    .map((line) => [{ text: cell(line, columns - 1) }]);
}
