import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";

// A gateway leaves its address in its data folder, so that commands find the one that owns that folder, whatever its port. Its process id
// stands below: the next one may have the same address.
const fileName = "gateway.url";

export async function writeAddress(dataDir: string, url: string): Promise<void> {
  await writeFile(join(dataDir, fileName), `${url}\n${process.pid}\n`, { mode: 0o600 });
}

/** Null when no gateway left one. A gateway that was killed leaves an address where nobody answers. */
export async function readAddress(dataDir: string): Promise<string | null> {
  const [url = ""] = await readLines(dataDir);
  return /^https?:\/\/\S+$/.test(url) ? url : null;
}

/** Takes the address back, unless another gateway has written its own meanwhile. */
export async function removeAddress(dataDir: string, url: string): Promise<void> {
  const [known, owner] = await readLines(dataDir);
  if (known === url && owner === String(process.pid)) await rm(join(dataDir, fileName), { force: true });
}

async function readLines(dataDir: string): Promise<string[]> {
  const text = await readFile(join(dataDir, fileName), "utf8").catch(() => "");
  return text.split("\n").map((line) => line.trim());
}
