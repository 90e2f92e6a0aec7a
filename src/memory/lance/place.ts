import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Place } from "#memory/lance/lance-store.ts";

/** A number in a small file that is replaced as a whole. A file that is not there or says nothing is place 0. */
export function filePlace(path: string): Place {
  return {
    async read() {
      const text = await readFile(path, "utf8").catch(() => "");
      const place = /^\d+$/.test(text.trim()) ? Number(text) : 0;
      return Number.isSafeInteger(place) ? place : 0;
    },
    async write(position) {
      await mkdir(dirname(path), { recursive: true });
      await writeFile(`${path}.new`, `${position}\n`);
      await rename(`${path}.new`, path);
    },
  };
}
