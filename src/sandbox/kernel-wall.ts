import { dlopen, ptr } from "bun:ffi";

/** System calls by name: their numbers on x86-64 and on AArch64, -1 where there is none. */
const denied: Record<string, [x64: number, arm64: number]> = {
  open: [2, -1],
  openat: [257, 56],
  openat2: [437, 437],
  creat: [85, -1],
  truncate: [76, 45],
  unlink: [87, -1],
  unlinkat: [263, 35],
  rename: [82, -1],
  renameat: [264, 38],
  renameat2: [316, 276],
  mkdir: [83, -1],
  mkdirat: [258, 34],
  rmdir: [84, -1],
  link: [86, -1],
  linkat: [265, 37],
  symlink: [88, -1],
  symlinkat: [266, 36],
  mknod: [133, -1],
  mknodat: [259, 33],
  chmod: [90, -1],
  fchmodat: [268, 53],
  chown: [92, -1],
  fchownat: [260, 54],
  mount: [165, 40],
  chroot: [161, 51],
  socket: [41, 198],
  connect: [42, 203],
  bind: [49, 200],
  execve: [59, 221],
  execveat: [322, 281],
  fork: [57, -1],
  vfork: [58, -1],
  kill: [62, 129],
  ptrace: [101, 117],
  processVmReadv: [310, 270],
  processVmWritev: [311, 271],
  pidfdOpen: [434, 434],
  ioUringSetup: [425, 425],
  bpf: [321, 280],
};

const machines = { x64: { audit: 0xc000003e, at: 0 }, arm64: { audit: 0xc00000b7, at: 1 } } as const;
const allow = 0x7fff0000;
const notPermitted = 0x00050001;

/**
 * Asks the Linux kernel to refuse this process new files, sockets, programs and other processes, from now on and for good. The second
 * wall: for code that has broken out of WebAssembly. False where the kernel cannot be asked.
 */
export function closeKernelWall(): boolean {
  const machine =
    process.platform === "linux" && (process.arch === "x64" || process.arch === "arm64") && machines[process.arch];
  if (!machine) return false;
  try {
    const { symbols } = dlopen("libc.so.6", {
      syscall: { args: ["i64", "i64", "i64", "ptr"], returns: "i64" },
      prctl: { args: ["i32", "u64", "u64", "u64", "u64"], returns: "i32" },
    });
    const filter = program(
      machine.audit,
      Object.values(denied).map((numbers) => numbers[machine.at]),
    );
    const header = new BigUint64Array([BigInt(filter.length / 8), BigInt(ptr(filter))]);
    const noNewPrivileges = 38;
    if (symbols.prctl(noNewPrivileges, 1n, 0n, 0n, 0n) !== 0) return false;
    const seccomp = process.arch === "x64" ? 317n : 277n;
    // Mode filter; for all threads of the process.
    return symbols.syscall(seccomp, 1n, 1n, ptr(header)) === 0n;
  } catch {
    // No C library of this name.
    return false;
  }
}

/** Classic BPF over `struct seccomp_data`: another machine's calls and the denied numbers are refused, the rest passes. */
function program(audit: number, numbers: number[]): Uint8Array {
  const known = numbers.filter((each) => each >= 0);
  const load = 0x20;
  const equal = 0x15;
  const atLeast = 0x35;
  const answer = 0x06;
  const rows: [code: number, then: number, otherwise: number, value: number][] = [
    [load, 0, 0, 4],
    [equal, 0, known.length + 3, audit],
    [load, 0, 0, 0],
    // The numbers of x32, a second set for the same machine.
    [atLeast, known.length + 1, 0, 0x40000000],
    ...known.map((each, at): [number, number, number, number] => [equal, known.length - at, 0, each]),
    [answer, 0, 0, allow],
    [answer, 0, 0, notPermitted],
  ];
  const bytes = new DataView(new ArrayBuffer(rows.length * 8));
  rows.forEach(([code, then, otherwise, value], at) => {
    bytes.setUint16(at * 8, code, true);
    bytes.setUint8(at * 8 + 2, then);
    bytes.setUint8(at * 8 + 3, otherwise);
    bytes.setUint32(at * 8 + 4, value, true);
  });
  return new Uint8Array(bytes.buffer);
}
