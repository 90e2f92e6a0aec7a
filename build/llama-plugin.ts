import type { BunPlugin } from "bun";
import { join } from "node:path";
import { root } from "./paths.ts";

interface Replacement {
  /** File inside the package's `dist`. */
  file: string;
  /** What must be there; the build fails when it is not, because the library has changed. */
  expect: string;
  replace: (text: string) => string;
}

/**
 * node-llama-cpp reads its own package folder while it is imported, looks for a home folder that a container may not have, and tries its
 * native file in a forked Node. None of that exists inside the executable, and none of it is needed: `models/local/native.ts` loads the files itself.
 */
const replacements: Replacement[] = [
  {
    file: "bindings/utils/binariesGithubRelease.js",
    expect: "fs.readJson(binariesGithubReleasePath)",
    replace: () =>
      'export async function getBinariesGithubRelease() { return "embedded"; }\nexport async function setBinariesGithubRelease() {}\nexport const builtinLlamaCppRelease = "embedded";\nexport const defaultLlamaCppRelease = "embedded";\n',
  },
  {
    file: "utils/getModuleVersion.js",
    expect: "fs.readJson",
    replace: () => 'export async function getModuleVersion() { return "embedded"; }\n',
  },
  {
    file: "bindings/utils/testBindingBinary.js",
    expect: "export async function testBindingBinary",
    replace: () => "export async function testBindingBinary() { return true; }\n",
  },
];

const homeFolder = '(process.env["HOME"] || os.tmpdir())';

export function llamaPlugin(): BunPlugin {
  return {
    name: "llama",
    setup(build) {
      const stub = { path: "llama-stub", namespace: "llama-stub" };
      build.onResolve({ filter: /^@node-llama-cpp\// }, () => stub);
      build.onResolve({ filter: /^electron$/ }, () => stub);
      build.onLoad({ filter: /.*/, namespace: "llama-stub" }, () => ({
        contents: 'throw new Error("not part of the executable");',
        loader: "js",
      }));
      build.onLoad({ filter: /node-llama-cpp[\\/]dist[\\/].*\.js$/ }, async ({ path }) => ({
        contents: await patched(path),
        loader: "js",
      }));
    },
  };
}

async function patched(path: string): Promise<string> {
  const text = await Bun.file(path).text();
  const found = replacements.find(({ file }) => path.replaceAll("\\", "/").endsWith(`node-llama-cpp/dist/${file}`));
  if (!found) return text.replaceAll("os.homedir()", homeFolder);
  if (!text.includes(found.expect))
    throw new Error(`node-llama-cpp has changed: ${found.file} does not hold '${found.expect}'`);
  return found.replace(text);
}

/** Files that are replaced; a test checks that they are still there. */
export function patchedFiles(): string[] {
  return replacements.map(({ file }) => join(root, "node_modules/node-llama-cpp/dist", file));
}
