type Imported = (...values: unknown[]) => unknown;

/** `open`: while the interpreter starts. `free`: its files, which are in memory, are its own. `closed`: they are read-only as well. */
export type WallState = "open" | "free" | "closed";

/** Errors as WASI counts them. */
const notPermitted = -63;
const readOnly = -69;

/** One call carries a text into Python and one out. */
const bridge = "JsvArray_Get js2python_js _python2js_ascii JsvError_Check JsvNoValue_Check".split(" ");

const reading =
  "fstat64 stat64 lstat64 newfstatat openat getcwd getdents64 fcntl64 ioctl faccessat readlinkat getpid getuid32_js fadvise64 statfs64 uname";
const changing =
  "dup dup3 ftruncate64 truncate64 mkdirat unlinkat rmdir renameat chdir fchdir chmod fchmod fchmodat2 utimensat umask_js symlinkat linkat";
const rest = [
  ..."fd_read fd_write fd_seek fd_close fd_sync fd_pread clock_time_get clock_res_get random_get".split(" "),
  ..."environ_get environ_sizes_get emscripten_date_now emscripten_get_now emscripten_memcpy_js".split(" "),
  ..."_emscripten_memcpy_js _emscripten_throw_longjmp _emscripten_get_now_is_monotonic".split(" "),
  ..."_tzset_js _timegm_js _mktime_js _localtime_js _gmtime_js _mmap_js _munmap_js _msync_js".split(" "),
  ..."_PyEM_TrampolineCall_JS _Py_emscripten_runtime".split(" "),
];
const syscalls = (names: string) => names.split(" ").map((name) => `__syscall_${name}`);

const allowed = new Set([...bridge, ...syscalls(reading), ...rest]);
/** Files lie outside the memory that is put back after a call, so a call must not change them for the next. */
const writing = new Set([...syscalls(changing), "fd_pwrite"]);

/** `O_WRONLY | O_RDWR | O_CREAT | O_TRUNC`, as Emscripten has them. */
const writeFlags = 0o1103;

/**
 * Stands between the interpreter and JavaScript. Whatever Python code gets hold of, it leaves WebAssembly only through an import, so
 * this is where the host's objects, sockets, processes and evaluated JavaScript end, even for code that broke every rule of Python.
 */
export class Walls {
  state: WallState = "open";
  /** The memory may not grow beyond this many bytes: Python raises MemoryError. */
  maxMemoryBytes = Number.POSITIVE_INFINITY;
  /** The interpreter wanted more. It may have broken on the refusal. */
  hasRefusedMemory = false;
  /** The interpreter's memory, as soon as it has one. */
  memory: WebAssembly.Memory | null = null;

  /** The imports with a guard before each function. They stay the objects they are: Emscripten looks symbols up in them later on. */
  around(imports: WebAssembly.Imports): WebAssembly.Imports {
    const guarded = { ...imports };
    for (const module of ["env", "wasi_snapshot_preview1"]) {
      const members = imports[module];
      if (!members) continue;
      guarded[module] = new Proxy(members, {
        get: (target, name) => {
          const value = Reflect.get(target, name) as WebAssembly.ImportValue;
          return typeof value === "function" && typeof name === "string" ? this.#guard(name, value as Imported) : value;
        },
      });
    }
    return guarded;
  }

  #guard(name: string, original: Imported): Imported {
    if (name === "emscripten_resize_heap") {
      return (bytes) => {
        if (Number(bytes) >>> 0 <= this.maxMemoryBytes) return original(bytes);
        this.hasRefusedMemory = true;
        return 0;
      };
    }
    if (name === "__syscall_openat") {
      return (folder, path, flags, ...more) =>
        this.state === "closed" && (Number(flags) & writeFlags) !== 0
          ? readOnly
          : original(folder, path, flags, ...more);
    }
    if (allowed.has(name) || name.startsWith("invoke_")) return original;
    if (writing.has(name)) return (...values) => (this.state === "closed" ? readOnly : original(...values));
    return (...values) => {
      if (this.state === "open") return original(...values);
      if (name.startsWith("__syscall_") || name === "_emscripten_system") return notPermitted;
      throw new Error(`Python reached for '${name}' outside of its walls`);
    };
  }
}
