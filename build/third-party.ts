import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { root } from "./paths.ts";
import { type Flavour, type NativeLibrary, type Target, type TargetName, targets } from "./targets.ts";

export interface Component {
  name: string;
  version: string;
  /** SPDX identifier or expression, as its package has it. */
  license: string;
  /** Files of its licence and notices, joined; empty where its package brings none. */
  text: string;
  /** Whether it comes from the npm registry. */
  isPackage: boolean;
}

interface Manifest {
  name: string;
  version: string;
  license?: string | { type?: string };
  dependencies?: Record<string, string>;
}

const licenceFile = /^(licen[cs]e|copying|notice|ofl)([-.].*)?$/i;
/** Parts of packages and of the runtime whose licences their npm packages do not say. */
const within: Omit<Component, "isPackage" | "text">[] = [
  { name: "bun", version: Bun.version, license: "MIT" },
  { name: "JavaScriptCore and WebKit (in Bun)", version: "as in Bun", license: "LGPL-2.1-only AND BSD-2-Clause" },
  { name: "BoringSSL (in Bun)", version: "as in Bun", license: "Apache-2.0" },
  { name: "SQLite (in Bun)", version: "as in Bun", license: "blessing" },
  { name: "CPython (in Pyodide)", version: "as in Pyodide", license: "PSF-2.0" },
  { name: "QuickJS (in @jitl/quickjs-singlefile-mjs-release-sync)", version: "as there", license: "MIT" },
];
const llamaCpp = { name: "llama.cpp (in node-llama-cpp)", version: "as there", license: "MIT" };

/** Everything that a build holds or could load from inside itself, by name: our dependencies and theirs, the runtime, and what packages hold. */
export function thirdParty(name: TargetName, flavour: Flavour): Component[] {
  const target: Target = targets[name];
  const left = new Set(flavour === "light" ? ["node-llama-cpp", "@lancedb/lancedb", "apache-arrow"] : []);
  if (target.lancedb === null) left.add("@lancedb/lancedb").add("apache-arrow");
  const natives = flavour === "light" ? [] : nativeComponents(target, flavour);
  const versions = new Map(natives.map((each) => [each.name, each.version]));
  const found = new Map<string, Component>();
  const own = manifestIn(root);
  for (const dependency of Object.keys(own.dependencies ?? {})) collect(dependency, root, { left, found });
  const packages = [...found.values()].map((each) => ({ ...each, version: versions.get(each.name) ?? each.version }));
  const inside = (flavour === "light" ? within : [...within, llamaCpp]).map((each) => ({
    ...each,
    text: "",
    isPackage: false,
  }));
  const known = new Set(packages.map((each) => each.name));
  return [...packages, ...natives.filter((each) => !known.has(each.name)), ...inside].toSorted((a, b) =>
    `${a.name}@${a.version}` < `${b.name}@${b.version}` ? -1 : 1,
  );
}

function collect(name: string, from: string, walk: { left: Set<string>; found: Map<string, Component> }): void {
  if (walk.left.has(name)) return;
  const folder = folderOf(name, from);
  // Optional ones for other systems are not installed.
  if (folder === null) return;
  const manifest = manifestIn(folder);
  const key = `${name}@${manifest.version}`;
  if (walk.found.has(key)) return;
  walk.found.set(key, componentIn(folder, manifest));
  for (const dependency of Object.keys(manifest.dependencies ?? {})) collect(dependency, folder, walk);
}

/** As Node looks for a package: beside the one that asks, and in every folder above. */
function folderOf(name: string, from: string): string | null {
  for (let folder = from; folder.startsWith(root); folder = dirname(folder)) {
    const candidate = join(folder, "node_modules", name);
    if (existsSync(join(candidate, "package.json"))) return candidate;
  }
  return null;
}

function manifestIn(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
}

function componentIn(folder: string, { name, version, license }: Manifest): Component {
  const names = readdirSync(folder).filter((file) => licenceFile.test(file));
  const texts = names.sort().map((file) => readFileSync(join(folder, file), "utf8").trim());
  const spdx = typeof license === "string" ? license : (license?.type ?? "");
  return { name, version, license: spdx, text: texts.join("\n\n"), isPackage: true };
}

/** The native libraries in the versions of the target: both sides, and the packages of the groups that the flavour has. */
function nativeComponents({ lancedb, llama }: Target, flavour: Flavour): Component[] {
  const of = (name: string, library: NativeLibrary | null, license: string): Component[] => {
    if (library === null) return [];
    const { version } = library;
    const packages = Object.entries(library.packages).filter(([kind]) => flavour === "cuda" || !kind.includes("cuda"));
    return [name, ...packages.map(([, each]) => each)].map((each) => ({
      name: each,
      version,
      license: each.endsWith("-cuda-ext") ? "LicenseRef-NVIDIA-CUDA-EULA" : license,
      text: "",
      isPackage: true,
    }));
  };
  return [...of("@lancedb/lancedb", lancedb, "Apache-2.0"), ...of("node-llama-cpp", llama, "MIT")];
}
