import { afterEach } from "bun:test";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type FolderRegistryOptions, openFolderRegistry } from "#bundles/folder-registry.ts";
import type { BundleRegistry } from "#bundles/registry.ts";
import { archive, exec, flow } from "#fixtures/bundles.ts";

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

export interface Opened {
  registry: BundleRegistry;
  flowsDir: string;
  dataDir: string;
  reports: string[];
  again(more?: Partial<FolderRegistryOptions>): Promise<BundleRegistry>;
}

/** A registry over a folder with these files; a text is written as it is. */
export async function opened(
  files: Record<string, Uint8Array | string> = {},
  more: Partial<FolderRegistryOptions> = {},
): Promise<Opened> {
  const dataDir = await mkdtemp(join(tmpdir(), "bundle-registry-"));
  folders.push(dataDir);
  const flowsDir = join(dataDir, "flows");
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(flowsDir, name, ".."), { recursive: true });
    await writeFile(join(flowsDir, name), content);
  }
  const reports: string[] = [];
  const again = (extra: Partial<FolderRegistryOptions> = {}) =>
    openFolderRegistry({
      flowsDir,
      dataDir,
      builtin: [],
      now: () => Date.parse("2026-11-23T00:00:00Z"),
      report: (message) => reports.push(message),
      ...more,
      ...extra,
    });
  return { registry: await again(), flowsDir, dataDir, reports, again };
}

const start = exec("start", "on_flow_start");

/** An archive of one flow, `main`, whose start node carries the label. */
export function bundle(id: string, version = "1.0.0", label = ""): Uint8Array {
  return archive(id, [flow("main", [{ ...start, data: { ...start.data, label } }], [])], version);
}
