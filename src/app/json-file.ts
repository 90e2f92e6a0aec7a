import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { writeDurably } from "#bundles/durable-file.ts";
import { AppError, messageOf } from "#core/errors.ts";
import type { StoredJson } from "#models/config/stored-json.ts";

/** A JSON file that is read again when it has changed, whoever changed it. */
export function jsonFile(path: string): StoredJson {
  let known: { stamp: string; value: unknown } | null = null;
  return {
    read() {
      const found = statSync(path, { throwIfNoEntry: false });
      if (!found) return null;
      const stamp = `${found.ino} ${found.mtimeMs} ${found.size}`;
      if (known?.stamp !== stamp) known = { stamp, value: parse(path) };
      return known.value;
    },
    write: (value) => writeDurably(path, `${JSON.stringify(value, null, 2)}\n`),
  };
}

function parse(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch (cause) {
    throw new AppError("storage", `${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
}

/** The key that encrypts secrets on disk: a file that only the owner may read, made when it is first needed. */
export function keyFile(path: string): () => string {
  return () => {
    const found = statSync(path, { throwIfNoEntry: false });
    if (!found) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      try {
        writeFileSync(path, `${randomBytes(32).toString("base64url")}\n`, { flag: "wx", mode: 0o600 });
        chmodSync(path, 0o600);
      } catch (error) {
        // Another process was faster.
        if ((error as { code?: string }).code !== "EEXIST") throw error;
      }
    }
    return readFileSync(path, "utf8").trim();
  };
}
