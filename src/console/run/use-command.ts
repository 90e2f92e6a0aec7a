import { useQueryClient } from "@tanstack/react-query";
import { useCallback } from "react";
import { useClient } from "#console/session/session.tsx";
import type { CommandBody } from "#sdk/wire.ts";

export type Command = (body: CommandBody) => Promise<void>;

/** Gives a command and waits for what becomes of it; throws the runner's own sentence when nothing does. */
export function useCommand(): Command {
  const client = useClient();
  const queries = useQueryClient();
  return useCallback(
    async (body) => {
      const { command_id } = await client.command(body);
      const { outcome } = await client.outcome(command_id, { timeoutMs: 5000 });
      await queries.invalidateQueries({ queryKey: ["runs"] });
      await queries.invalidateQueries({ queryKey: ["run", body.run_id] });
      if (outcome && outcome.status !== "applied") throw new Error(outcome.message);
    },
    [client, queries],
  );
}
