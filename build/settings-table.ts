import { join } from "node:path";
import { settingsTable } from "#config/settings-table.ts";
import { root } from "./paths.ts";

/** Writes README's tables of settings from `src/config/variables/`; with `--check` it only says whether they are as they should be. */
const marks = { begin: "<!-- settings: written by build/settings-table.ts -->", end: "<!-- /settings -->" };

async function main(args: string[]): Promise<void> {
  const path = join(root, "README.md");
  const before = await Bun.file(path).text();
  const begin = before.indexOf(marks.begin);
  const end = before.indexOf(marks.end);
  if (begin < 0 || end < begin) throw new Error(`README.md lacks the lines ${marks.begin} and ${marks.end}`);
  const after = `${before.slice(0, begin + marks.begin.length)}\n\n${settingsTable()}\n\n${before.slice(end)}`;
  if (after === before) return;
  if (args.includes("--check")) {
    console.error("README's settings are not those of src/config/variables/: run `bun build/settings-table.ts`.");
    process.exitCode = 1;
    return;
  }
  await Bun.write(path, after);
}

await main(process.argv.slice(2));
