import { describe, expect, test } from "bun:test";
import { resolve } from "node:path";

/** Who may import whom. `core/` imports nobody; a folder may always import itself. */
const table: Record<string, readonly string[]> = {
  core: [],
  config: ["core"],
  ledger: ["core"],
  artifacts: ["core", "ledger"],
  bundles: ["core", "ledger"],
  retention: ["core", "ledger", "artifacts"],
  engine: ["core"],
  models: ["core", "artifacts"],
  memory: ["core", "ledger", "artifacts"],
  tools: ["core", "artifacts"],
  sandbox: ["core"],
  documents: ["core", "bundles"],
  effects: ["core", "ledger", "engine", "artifacts", "models", "memory", "tools", "sandbox", "documents"],
  runner: ["core", "ledger", "engine", "effects"],
  scheduler: ["core", "ledger"],
  auth: ["core", "ledger"],
  webhooks: ["core", "ledger", "engine", "effects", "runner"],
  migrate: ["core", "ledger", "artifacts", "bundles", "engine"],
  http: [
    "core",
    "config",
    "ledger",
    "artifacts",
    "bundles",
    "engine",
    "models",
    "memory",
    "tools",
    "sandbox",
    "effects",
    "runner",
    "scheduler",
    "retention",
    "auth",
    "webhooks",
  ],
  sdk: ["core", "http"],
  console: ["core", "sdk"],
  clients: ["core", "sdk"],
  app: [
    "core",
    "config",
    "ledger",
    "artifacts",
    "bundles",
    "engine",
    "models",
    "memory",
    "tools",
    "sandbox",
    "documents",
    "effects",
    "runner",
    "scheduler",
    "retention",
    "auth",
    "webhooks",
    "migrate",
    "http",
    "sdk",
    "console",
    "clients",
  ],
  cli: ["core", "config", "app", "sdk", "clients"],
};

/** Only `import type` may cross these. */
const typesOnly = [["sdk", "http"]];

/** The folders that may import a package: one, except for TypeBox, which is the same library as Elysia's `t`. */
const homes: Record<string, readonly string[]> = {
  "@ai-sdk/anthropic": ["models"],
  "@ai-sdk/elevenlabs": ["models"],
  "@ai-sdk/google": ["models"],
  "@ai-sdk/openai": ["models"],
  "@fastify/busboy": ["http"],
  // Named by the console's style sheets.
  "@fontsource-variable/geist": ["console"],
  "@fontsource-variable/geist-mono": ["console"],
  "@radix-ui/react-tabs": ["console"],
  "@tanstack/react-query": ["console"],
  "@tanstack/react-virtual": ["console"],
  "@xyflow/react": ["console"],
  cmdk: ["console"],
  "lucide-react": ["console"],
  react: ["console", "clients"],
  "react-dom": ["console"],
  wouter: ["console"],
  "@jitl/quickjs-singlefile-mjs-release-sync": ["sandbox"],
  "prom-client": ["app"],
  pdfkit: ["documents"],
  pyodide: ["sandbox"],
  "quickjs-emscripten-core": ["sandbox"],
  "@ai-sdk/openai-compatible": ["models"],
  "@elysiajs/cors": ["http"],
  "@elysiajs/swagger": ["http"],
  "@lancedb/lancedb": ["memory"],
  "@modelcontextprotocol/sdk": ["tools"],
  "@opentelemetry/api": ["app"],
  "@opentelemetry/core": ["app"],
  "@opentelemetry/exporter-trace-otlp-proto": ["app"],
  "@opentelemetry/resources": ["app"],
  "@opentelemetry/sdk-trace": ["app"],
  "@sinclair/typebox": ["core", "http"],
  ai: ["models"],
  ajv: ["models"],
  "apache-arrow": ["memory"],
  "bun:ffi": ["sandbox"],
  // The ledger, and the index of the knowledge graph that is made from it; users and sessions.
  "bun:sqlite": ["auth", "ledger", "memory"],
  citty: ["cli"],
  consola: ["cli"],
  croner: ["scheduler"],
  "dejavu-fonts-ttf": ["documents"],
  diff: ["tools"],
  elysia: ["http"],
  fflate: ["bundles"],
  "image-size": ["models"],
  htmlparser2: ["tools", "documents"],
  ink: ["clients"],
  grammy: ["clients"],
  imapflow: ["clients"],
  mailparser: ["clients"],
  nodemailer: ["clients"],
  "node-llama-cpp": ["models"],
  re2js: ["tools"],
  "swagger-ui-dist": ["http"],
  unpdf: ["documents"],
};

/** Where the environment is read: once, at the entry, and handed on as an argument. */
const readersOfTheEnvironment = ["cli/main.ts", "config/load.ts"];

/** The pure folders: no built-in module that does I/O. */
const pureFolders = ["core", "engine"];
const pureModules = ["node:crypto", "node:util", "node:assert"];

/** The one thing outside `src/` that sources read. */
const outside = ["../../package.json"];

interface Import {
  file: string;
  specifier: string;
  isType: boolean;
}

interface Source {
  /** Path below `src/`. */
  file: string;
  text: string;
}

const code = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");

function importsOf({ file, text }: Source): Import[] {
  const pattern =
    /^\s*(?:import|export)\s+(type\s)?[^;"'`()]*?\bfrom\s*"([^"]+)"|^\s*import\s*"([^"]+)"|\bimport\(\s*"([^"]+)"/gm;
  return [...code(text).matchAll(pattern)].map((match) => ({
    file,
    specifier: match[2] ?? match[3] ?? match[4] ?? "",
    isType: match[1] !== undefined,
  }));
}

const folderOf = (file: string) => file.split("/")[0] ?? "";
const targetOf = (specifier: string) => /^#([a-z]+)\//.exec(specifier)?.[1] ?? null;
const packageOf = (specifier: string) => specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");

/** One sentence per import that the tables do not allow. */
function violations(imports: Import[]): string[] {
  return imports.flatMap((each) => {
    const reason = refusal(each);
    return reason === null ? [] : [`${each.file}: "${each.specifier}" ${reason}`];
  });
}

function refusal({ file, specifier, isType }: Import): string | null {
  const folder = folderOf(file);
  const allowed = table[folder];
  if (!allowed) return "is imported by a folder that is not in the table";
  const target = targetOf(specifier);
  if (target !== null) return refusalOfFolder({ folder, target, isType }, allowed);
  if (specifier.startsWith(".")) return outside.includes(specifier) ? null : refusalOfPath(specifier);
  if (specifier.startsWith("node:")) {
    const isPure = !pureFolders.includes(folder) || isType || pureModules.includes(specifier);
    return isPure ? null : `may not be imported by the pure folder ${folder}/`;
  }
  if (specifier === "bun" || specifier.startsWith("virtual:")) return null;
  const home = homes[packageOf(specifier)];
  if (!home) return "is a package without a home";
  return home.includes(folder) ? null : `may only be imported in ${home.join(" or ")}/`;
}

function refusalOfFolder(
  edge: { folder: string; target: string; isType: boolean },
  allowed: readonly string[],
): string | null {
  const { folder, target, isType } = edge;
  if (target === folder) return null;
  if (!allowed.includes(target)) return `may not be imported by ${folder}/`;
  const mustBeType = typesOnly.some(([from, to]) => from === folder && to === target);
  return mustBeType && !isType ? `may only be imported as a type by ${folder}/` : null;
}

function refusalOfPath(specifier: string): string | null {
  return specifier.startsWith("../") || specifier.includes("/../") ? "goes up: write #folder/file.ts" : null;
}

/** A way from a folder back to itself, or null. */
function cycle(imports: Import[]): string[] | null {
  const edges = new Map<string, Set<string>>();
  for (const { file, specifier } of imports) {
    const target = targetOf(specifier);
    if (target === null || target === folderOf(file)) continue;
    const known = edges.get(folderOf(file)) ?? new Set();
    edges.set(folderOf(file), known.add(target));
  }
  const walk = (path: string[]): string[] | null => {
    for (const next of edges.get(path.at(-1) ?? "") ?? []) {
      if (path.includes(next)) return [...path.slice(path.indexOf(next)), next];
      const found = walk([...path, next]);
      if (found) return found;
    }
    return null;
  };
  for (const folder of edges.keys()) {
    const found = walk([folder]);
    if (found) return found;
  }
  return null;
}

const source = resolve(import.meta.dirname, "../src");
const sources: Source[] = await Promise.all(
  [...new Bun.Glob("**/*.{ts,tsx}").scanSync(source)].sort().map(async (path) => ({
    file: path.replaceAll("\\", "/"),
    text: await Bun.file(resolve(source, path)).text(),
  })),
);
const imports = sources.flatMap(importsOf);

describe("the sources", () => {
  test("import only what the table of folders and the homes of packages allow", () => {
    expect(imports.length).toBeGreaterThan(100);
    expect(violations(imports)).toEqual([]);
  });

  test("have no cycle between folders", () => {
    expect(cycle(imports)).toBeNull();
  });

  test("read the environment in one place", () => {
    const readers = sources.filter(({ text }) => /\b(process|Bun|import\.meta)\.env\b/.test(code(text)));
    const others = readers.map(({ file }) => file).filter((file) => !readersOfTheEnvironment.includes(file));
    expect(others).toEqual([]);
  });

  test("are named in kebab-case and lie in a folder of the table", () => {
    const names = sources.map(({ file }) => file);
    expect(names.filter((file) => !/^[a-z]+(\/[a-z0-9]+(-[a-z0-9]+)*)+(\.d)?\.tsx?$/.test(file))).toEqual([]);
    expect(names.filter((file) => !(folderOf(file) in table))).toEqual([]);
  });

  test("have no file whose name says nothing", () => {
    const vague = sources.filter(({ file }) => /(^|\/)(utils?|helpers?|common|misc|types|index)\b/.test(file));
    expect(vague.map(({ file }) => file)).toEqual([]);
  });
});

test("the table itself has no cycle", () => {
  const edges = Object.entries(table).flatMap(([folder, targets]) =>
    targets.map((target) => ({ file: `${folder}/x.ts`, specifier: `#${target}/x.ts`, isType: false })),
  );
  expect(cycle(edges)).toBeNull();
});

test("every dependency has a home", async () => {
  const { dependencies } = await Bun.file(resolve(source, "../package.json")).json();
  expect(Object.keys(dependencies as object).filter((name) => !homes[name])).toEqual([]);
});

describe("the check", () => {
  const check = (file: string, text: string) => violations(importsOf({ file, text }));

  test.each([
    ["core/run.ts", 'import { x } from "#ledger/ledger.ts";', "may not be imported by core/"],
    ["core/run.ts", 'import type { X } from "#ledger/ledger.ts";', "may not be imported by core/"],
    ["core/run.ts", 'import {\n  a,\n  b,\n} from "#ledger/ledger.ts";', "may not be imported by core/"],
    ["core/run.ts", 'export * from "#ledger/ledger.ts";', "may not be imported by core/"],
    ["core/run.ts", 'const x = await import("#ledger/ledger.ts");', "may not be imported by core/"],
    ["core/run.ts", 'import { readFile } from "node:fs/promises";', "pure folder"],
    ["core/run.ts", 'import "elysia";', "may only be imported in http/"],
    ["models/x.ts", 'import { parse } from "yaml/lib";', "without a home"],
    ["http/x.ts", 'import { x } from "../core/run.ts";', "goes up"],
    ["sdk/client.ts", 'import { x } from "#http/errors.ts";', "only be imported as a type"],
    ["other/x.ts", 'import { x } from "#core/run.ts";', "not in the table"],
  ])("refuses in %s: %s", (file, text, reason) => {
    const found = check(file, text);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(reason);
  });

  test.each([
    ["http/x.ts", 'import { t } from "elysia";\nimport { x } from "#ledger/ledger.ts";\nimport { y } from "./y.ts";'],
    ["sdk/client.ts", 'import type { X } from "#http/schemas/run.ts";'],
    ["core/run.ts", '// import { x } from "#ledger/ledger.ts";\n/** import "elysia"; */'],
  ])("allows in %s: %s", (file, text) => {
    expect(check(file, text)).toEqual([]);
  });

  test("finds a cycle over three folders", () => {
    const ring = [
      ["a", "b"],
      ["b", "c"],
      ["c", "a"],
    ].map(([from, to]) => ({ file: `${from}/x.ts`, specifier: `#${to}/x.ts`, isType: true }));
    expect(cycle(ring)).toEqual(["a", "b", "c", "a"]);
  });
});
