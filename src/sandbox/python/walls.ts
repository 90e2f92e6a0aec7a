/** What the interpreter asks of JavaScript: the only ways out of WebAssembly. */
type Imports = Record<string, Record<string, WebAssembly.ImportValue>>;
type Function = (...values: unknown[]) => unknown;

/** `open`: while the interpreter starts. `free`: its files are its own. `closed`: they are read-only as well. */
export type WallState = "open" | "free" | "closed";

/** Errno of WASI. */
const notPermitted = -63;
const readOnly = -69;

/** What the interpreter needs to run and to take a text and give one back; found by listening. All else is refused once it has started. */
const needed =
  /^(__syscall_(fstat64|stat64|lstat64|newfstatat|openat|getcwd|getdents64|fcntl64|ioctl|faccessat|readlinkat|dup|dup3|getpid|getuid32_js|geteuid32|getgid32|getegid32|poll|fadvise64|ftruncate64|truncate64|mkdirat|unlinkat|rmdir|renameat|chdir|chmod|fchmod|fchmodat2|utimensat|umask_js|symlinkat|linkat|fdatasync|statfs64|fstatfs64|uname)|fd_(read|write|seek|close|sync|pread|pwrite|fdstat_get)|clock_(time|res)_get|random_get|environ_(get|sizes_get)|emscripten_(resize_heap|date_now|get_now|stack_.*|runtime_keepalive_p.*|check_blocking_allowed|memcpy.*)|_emscripten_(throw_longjmp|get_now_is_monotonic|runtime_keepalive_clear)|_(abort|tzset|timegm|mktime|localtime|gmtime|mmap|munmap|msync)_js|_PyEM_TrampolineCall_JS|invoke_.*|saveSetjmp|testSetjmp|exit|proc_exit|_Py_emscripten_runtime|Py_emscripten_.*|sched_yield)$/;

/** Those that change files, which lie outside the memory that is put back after a call. */
const writing =
  /^(__syscall_(mkdirat|unlinkat|rmdir|renameat|chdir|chmod|fchmod|fchmodat2|utimensat|symlinkat|linkat|truncate64|ftruncate64|dup|dup3|umask_js)|fd_pwrite)$/;

/** `O_WRONLY | O_RDWR | O_CREAT | O_TRUNC` of Linux, as Emscripten has them. */
const writeFlags = 0o1 | 0o2 | 0o100 | 0o1000;

/**
 * Stands between the interpreter and JavaScript. Whatever Python code gets hold of, it leaves WebAssembly only through an import, so
 * this is where objects of the host, sockets, processes and evaluated JavaScript end.
 */
export class Walls {
  state: WallState = "open";
  /** Memory may not grow beyond this many bytes. */
  maxMemoryBytes = Number.POSITIVE_INFINITY;
  #allowed: (name: string) => boolean;

  /** `bridge`: names of imports that carry the arguments and the result of the one call into Python. */
  constructor(bridge: ReadonlySet<string>) {
    this.#allowed = (name) => needed.test(name) || bridge.has(name);
  }

  around(imports: Imports): Imports {
    return Object.fromEntries(
      Object.entries(imports).map(([module, members]) => [
        module,
        Object.fromEntries(Object.entries(members).map(([name, value]) => [name, this.#guard(name, value)])),
      ]),
    );
  }

  #guard(name: string, value: WebAssembly.ImportValue): WebAssembly.ImportValue {
    if (typeof value !== "function") return value;
    const original = value as Function;
    if (name === "emscripten_resize_heap") {
      return (bytes: number) => (bytes >>> 0 > this.maxMemoryBytes ? 0 : original(bytes));
    }
    if (name === "__syscall_openat") {
      return (folder: number, path: number, flags: number, ...rest: unknown[]) =>
        this.state === "closed" && (flags & writeFlags) !== 0 ? readOnly : original(folder, path, flags, ...rest);
    }
    if (writing.test(name)) return (...values: unknown[]) => (this.state === "closed" ? readOnly : original(...values));
    if (this.#allowed(name)) return value;
    if (name.startsWith("__syscall_") || name === "_emscripten_system" || name === "getaddrinfo") {
      return (...values: unknown[]) => (this.state === "open" ? original(...values) : notPermitted);
    }
    return (...values: unknown[]) => {
      if (this.state !== "open") throw new Error(`Python reached for '${name}' outside of its walls`);
      return original(...values);
    };
  }
}
