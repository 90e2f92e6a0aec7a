import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useClient } from "#console/session/session.tsx";

/** An artifact's bytes, in memory, with an address that only this page knows. */
export function useContent(runId: string, artifactId: string, isWanted: boolean) {
  const client = useClient();
  const [url, setUrl] = useState<string | null>(null);
  const content = useQuery({
    queryKey: ["artifact", runId, artifactId],
    queryFn: ({ signal }) => client.artifacts.content(runId, artifactId, signal),
    enabled: isWanted,
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  });
  // What was read before is still there when nobody wants to see it.
  const data = isWanted ? content.data : undefined;
  useEffect(() => {
    if (!data) return undefined;
    const address = URL.createObjectURL(data);
    setUrl(address);
    return () => URL.revokeObjectURL(address);
  }, [data]);
  return { data, url: data ? url : null, error: content.error };
}
