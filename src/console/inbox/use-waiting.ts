import { useQuery } from "@tanstack/react-query";
import { useClient } from "#console/session/session.tsx";
import type { RunSummary } from "#sdk/wire.ts";

const everyMs = 3000;

/** Every run that a person can help on, the longest wait first: they neither move nor jump while others join. */
export function useWaiting() {
  const client = useClient();
  return useQuery({
    queryKey: ["runs", "waiting-for-people"],
    queryFn: () => client.list({ status: "waiting", limit: 200 }),
    refetchInterval: everyMs,
    select: (runs) => runs.filter(isForPeople).sort((a, b) => (a.updated_at < b.updated_at ? -1 : 1)),
  });
}

/** A question or a tool that asks; not a run that was paused, whose question comes back with it. */
export function isForPeople({ waiting, paused }: RunSummary): boolean {
  return waiting?.reason === "user" && !paused && waiting.details?.["kind"] !== "pause";
}
