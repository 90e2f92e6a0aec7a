import { chmod, copyFile, mkdir, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { executable as built } from "./paths.ts";

// What the executable needs of a Linux system besides /proc: the C and C++ run-time libraries. Everything else is inside it.
const libraries = [
  "libc.so.6",
  "libm.so.6",
  "libdl.so.2",
  "librt.so.1",
  "libpthread.so.0",
  "libresolv.so.2",
  "libgcc_s.so.1",
  "libstdc++.so.6",
];

const systems: Record<string, { folder: string; loader: string }> = {
  x64: { folder: "x86_64-linux-gnu", loader: "/lib64/ld-linux-x86-64.so.2" },
  arm64: { folder: "aarch64-linux-gnu", loader: "/lib/ld-linux-aarch64.so.1" },
};

/** User of the container; the number is what an orchestrator checks. */
export const containerUser = { name: "gateway", id: 65_532 };

/** Lays out the root folder of a container image: executable, libraries, one user and `/tmp`. Runs on a glibc system. */
export async function assembleContainerRoot(folder: string, executable = built): Promise<void> {
  await assembleBareRoot(folder, executable);
  const { name, id } = containerUser;
  await mkdir(join(folder, "etc"), { recursive: true });
  await writeFile(join(folder, "etc/passwd"), `root:x:0:0:root:/root:/\n${name}:x:${id}:${id}:${name}:/data:/\n`);
  await writeFile(join(folder, "etc/group"), `root:x:0:\n${name}:x:${id}:\n`);
  await mkdir(join(folder, "tmp"));
  await chmod(join(folder, "tmp"), 0o1777);
}

/** The least that the executable runs in: itself, the run-time libraries and a place for `/proc`. */
export async function assembleBareRoot(folder: string, executable = built): Promise<void> {
  const system = systems[process.arch];
  if (!system || process.platform !== "linux") throw new Error(`no container for ${process.platform}-${process.arch}`);
  await copyInto(folder, executable, "/usr/local/bin/abstractgateway");
  await copyInto(folder, system.loader, system.loader);
  for (const library of libraries) {
    const found = [`/lib/${system.folder}`, `/usr/lib/${system.folder}`].find((each) =>
      existsSync(join(each, library)),
    );
    if (found === undefined) throw new Error(`${library} is not on this machine`);
    await copyInto(folder, join(found, library), `/lib/${system.folder}/${library}`);
  }
  await mkdir(join(folder, "proc"));
  await chmod(join(folder, "proc"), 0o555);
  // A temporary folder is its maker's alone, but this one becomes `/`.
  await chmod(folder, 0o755);
}

async function copyInto(folder: string, from: string, to: string): Promise<void> {
  const target = join(folder, to);
  await mkdir(dirname(target), { recursive: true });
  await copyFile(from, target);
  await chmod(target, 0o755);
}
