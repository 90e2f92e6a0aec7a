/** What a build has inside: `light` runs no models itself, `cuda` is the default one with llama.cpp for NVIDIA's cards beside it. */
export const flavours = ["light", "default", "cuda"] as const;
export type Flavour = (typeof flavours)[number];

/** Groups of native files; each is a pack inside the executable, and `llama-cuda` a folder beside it. */
export type PackKind = "llama-cpu" | "llama-vulkan" | "lancedb";

export interface NativeLibrary {
  /** Of the library in TypeScript and of its native packages: they belong together. */
  version: string;
  /** Package with the native files of each group. */
  packages: Partial<Record<PackKind | "llama-cuda" | "llama-cuda-ext", string>>;
}

export interface Target {
  compile: Bun.Build.CompileTarget;
  os: "linux" | "darwin" | "win32";
  cpu: "x64" | "arm64";
  /** Null where the registry has none that this gateway works with. */
  lancedb: NativeLibrary | null;
  llama: NativeLibrary | null;
}

const llamaOf = (version: string, cpu: string, ...gpus: ("vulkan" | "cuda" | "cuda-ext")[]): NativeLibrary => ({
  version,
  packages: {
    "llama-cpu": `@node-llama-cpp/${cpu}`,
    ...Object.fromEntries(gpus.map((gpu) => [`llama-${gpu}`, `@node-llama-cpp/${cpu}-${gpu}`])),
  },
});
const lancedbOf = (version: string, platform: string): NativeLibrary => ({
  version,
  packages: { lancedb: `@lancedb/lancedb-${platform}` },
});

const linuxX64 = {
  os: "linux",
  cpu: "x64",
  lancedb: lancedbOf("0.39.0", "linux-x64-gnu"),
  llama: llamaOf("3.22.1", "linux-x64", "vulkan", "cuda", "cuda-ext"),
} as const;

/**
 * Every system that a release is for, with the versions of its native libraries. They differ because the makers stopped publishing for
 * some: LanceDB's last for arm64 and Windows is 0.31.0 and for Intel Macs 0.22.3, which is too old; llama.cpp's last outside Linux is 3.21.1.
 */
export const targets = {
  "linux-x64": { compile: "bun-linux-x64", ...linuxX64 },
  // For processors without AVX2.
  "linux-x64-baseline": { compile: "bun-linux-x64-baseline", ...linuxX64 },
  "linux-arm64": {
    compile: "bun-linux-arm64",
    os: "linux",
    cpu: "arm64",
    lancedb: lancedbOf("0.31.0", "linux-arm64-gnu"),
    llama: llamaOf("3.22.1", "linux-arm64"),
  },
  "darwin-arm64": {
    compile: "bun-darwin-arm64",
    os: "darwin",
    cpu: "arm64",
    lancedb: lancedbOf("0.31.0", "darwin-arm64"),
    llama: { version: "3.21.1", packages: { "llama-cpu": "@node-llama-cpp/mac-arm64-metal" } },
  },
  "darwin-x64": {
    compile: "bun-darwin-x64",
    os: "darwin",
    cpu: "x64",
    lancedb: null,
    llama: llamaOf("3.21.1", "mac-x64"),
  },
  "windows-x64": {
    compile: "bun-windows-x64",
    os: "win32",
    cpu: "x64",
    lancedb: lancedbOf("0.31.0", "win32-x64-msvc"),
    llama: llamaOf("3.21.1", "win-x64", "vulkan", "cuda", "cuda-ext"),
  },
} satisfies Record<string, Target>;
export type TargetName = keyof typeof targets;

/** Which flavours there are for a target. */
export function flavoursOf(name: TargetName): Flavour[] {
  const { llama }: Target = targets[name];
  return flavours.filter((flavour) => flavour !== "cuda" || llama?.packages["llama-cuda"] !== undefined);
}

/** This machine's. */
export function hostTarget(): TargetName {
  const name = `${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  if (name in targets) return name as TargetName;
  throw new Error(`there is no build for ${name}: there is one for ${Object.keys(targets).join(", ")}`);
}

/** Checksums of the packages that `bun.lock` does not name, as the registry published them. */
export const integrities: Record<string, string> = {
  "@lancedb/lancedb@0.31.0":
    "sha512-EUEVpheKhaCNE6ybcW760OUyfeei2dKR2ZwgLWeC/ntHL4BBiBLIErh9fuEuUP3/mAx4B5UFraB2m5nDUx5XEA==",
  "@lancedb/lancedb-linux-x64-gnu@0.31.0":
    "sha512-AFc0qTNdjoPor5bEHRuijft0BGNSiyHlF0cdUdsApLvjrl5jTBzw59+EqzjjCevWz5w/44BBjaTt6ZChWVTc/Q==",
  "@lancedb/lancedb-linux-arm64-gnu@0.31.0":
    "sha512-dWVHk5xhTpXQt08y3pxQFf5DK/O2saiWT8AZIIlonFRbGVhLm1KzBCfCgS1WUVbdleSkqAqY3NnMxZzu/dhx9Q==",
  "@lancedb/lancedb-darwin-arm64@0.31.0":
    "sha512-6n3VxAenwcNWQpk9Ta4NL/KhpSywskafarBakzFPGe/OXzdKXbmbXdrhGdl8oMacbfgql6wmW3DcAJAbsiThvw==",
  "@lancedb/lancedb-win32-x64-msvc@0.31.0":
    "sha512-reFE43TCr5Lifni2fC5YiyOnjDTAXOY37+rAY01FFKZyhjZkhRy9NZN1WvWJ35XHC4eeUVOW4+UXOvSV0djyCA==",
  "node-llama-cpp@3.21.1":
    "sha512-E3N0Ev2Va0wzydvXYFwM9Hvyo07PoWjt8T/9GMc43Cvt8YkV/NU/tYUgEMC1grTPv2o9PRjQi0G3Wb5P/awiMg==",
  "@node-llama-cpp/linux-x64@3.21.1":
    "sha512-Totj6RTDMGo3FoK2yNUaz/oGmZD0olAqTrRluFUWmu0kW2i9TOzHSW0OWCAiGkzRCVX0WsU2CyUQo/W2NYtdPA==",
  "@node-llama-cpp/mac-arm64-metal@3.21.1":
    "sha512-6MIDAZV7DXD9R1+jEXWJkFuolni3GATGE6mmuyFYc6ZmtOh9djAy15df0T0AXK3sCmVKL+fQcOAWZezxx4MvQQ==",
  "@node-llama-cpp/mac-x64@3.21.1":
    "sha512-Q4nyNmbcNiKygBZQZjX+qLk2w3YzoiFpLWsxNURQN7xjyUi2p2rWxjRa7Otg0FrjGf/ri4aQ+X3Uj5Y0zD06eg==",
  "@node-llama-cpp/win-x64@3.21.1":
    "sha512-JcIpCnra7bAd7JNWA8ehdn2DIRaTMuj+fBC8bw+5rKSNzszWFbuj2XA05c5QHovonDMBLN1ePXE/hcfZtzXoUQ==",
  "@node-llama-cpp/win-x64-vulkan@3.21.1":
    "sha512-HJ237Azh5m4Sz+w3A1IU/fYLaSDOocskcfn2ILTgqTuuORCB86EMnu3Yt/XsNhRHTtEiwz1Q/E0mO4PLIbZLAA==",
  "@node-llama-cpp/win-x64-cuda@3.21.1":
    "sha512-PLz70neFEMkQTlmJqG1ujUtCSgHasLPMxQ9rLkqQVmZYAXqkRj+45TIHCjdn3XqUeaoun0vrO9rRaxZ8NVq9jg==",
  "@node-llama-cpp/win-x64-cuda-ext@3.21.1":
    "sha512-L2MxLVEYPDDe4O8EDWPmX6brldc9+Vt9hNoT/anj3pSnmrjkQcmaoKhHs6oP5qhEhb5Uog0rj6lgzNGtJO3p9Q==",
};
