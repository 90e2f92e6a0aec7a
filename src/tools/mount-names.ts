import { createHash } from "node:crypto";
import { basename } from "node:path";

export interface Mount {
  name: string;
  path: string;
}

/** Gives folders names that paths may begin with: the name that the operator chose, else their own; a digest tells equal ones apart. */
export function nameMounts(folders: string[], named: readonly Mount[]): Mount[] {
  const mounts: Mount[] = [];
  for (const path of new Set(folders)) {
    const name = named.find((each) => each.path === path)?.name ?? slug(basename(path));
    const isTaken = mounts.some((each) => each.name === name);
    mounts.push({ name: isTaken ? `${name}_${digest(path)}` : name, path });
  }
  return mounts;
}

const slug = (name: string) => name.replace(/[^A-Za-z0-9_.-]+/g, "_").replace(/^[._]+|[._]+$/g, "") || "mount";
const digest = (path: string) => createHash("sha256").update(path).digest("hex").slice(0, 8);
