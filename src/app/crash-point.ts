/** Lets the process die as by `kill -9` when it passes a named point for the nth time; does nothing without a setting. */
export function createCrashPoint(crashAt: { point: string; count: number } | null): (name: string) => void {
  if (!crashAt) return () => undefined;
  let left = crashAt.count;
  return (name) => {
    if (name === crashAt.point && --left === 0) process.kill(process.pid, "SIGKILL");
  };
}
