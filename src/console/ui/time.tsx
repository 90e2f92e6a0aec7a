import { useSyncExternalStore } from "react";

const tickMs = 10_000;
const listeners = new Set<() => void>();
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    now = Date.now();
    for (const each of listeners) each();
  }, tickMs);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** One clock for all times on the page. */
function useNow(): number {
  return useSyncExternalStore(subscribe, () => Math.max(now, Date.now() - tickMs));
}

/** How long ago, with the whole time as its title. */
export function Ago({ at }: { at: string | null | undefined }) {
  const nowMs = useNow();
  if (!at) return <span className="quiet">–</span>;
  return (
    <time dateTime={at} title={wholeTime(at)}>
      {distance(Date.parse(at) - nowMs)}
    </time>
  );
}

export function wholeTime(at: string): string {
  return new Date(at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "medium" });
}

export function clockTime(at: string): string {
  return new Date(at).toLocaleTimeString(undefined, { hour12: false });
}

const units: [name: Intl.RelativeTimeFormatUnit, ms: number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
];
const relative = new Intl.RelativeTimeFormat("en", { style: "short" });

function distance(ms: number): string {
  for (const [name, unitMs] of units) if (Math.abs(ms) >= unitMs) return relative.format(Math.trunc(ms / unitMs), name);
  return ms > tickMs ? `in ${Math.round(ms / 1000)} sec.` : "just now";
}

export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.round((ms % 60_000) / 1000)} s`;
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

export function bytes(count: number): string {
  const names = ["B", "KB", "MB", "GB", "TB"];
  let size = count;
  let step = 0;
  while (size >= 1000 && step < names.length - 1) {
    size /= 1000;
    step++;
  }
  return `${step === 0 || size >= 100 ? Math.round(size) : size.toFixed(1)} ${names[step]}`;
}
