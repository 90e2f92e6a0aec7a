import { dlopen } from "bun:ffi";

/**
 * A clock in the kernel that ends this process: for code that still runs when the gateway, which would have stopped it, is gone. Takes
 * seconds; 0 stops the clock. Does nothing where there is no C library of a known name.
 */
export function openAlarm(): (seconds: number) => void {
  const library = process.platform === "darwin" ? "libSystem.B.dylib" : "libc.so.6";
  try {
    const { symbols } = dlopen(library, { alarm: { args: ["u32"], returns: "u32" } });
    return (seconds) => void symbols.alarm(seconds);
  } catch {
    return () => undefined;
  }
}
