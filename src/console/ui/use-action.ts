import { type QueryKey, useMutation, useQueryClient } from "@tanstack/react-query";
import { messageOf } from "#console/ui/problem.tsx";
import { useTell } from "#console/ui/toasts.tsx";

interface ActionOptions<Input, Result> {
  run: (input: Input) => Promise<Result>;
  /** What is read again afterwards. */
  changes?: QueryKey[];
  /** Said when it is done. */
  done?: string | ((result: Result, input: Input) => string);
  after?: (result: Result, input: Input) => void | Promise<void>;
}

/** Something that somebody asks for: told when it is done, told when it is refused, and what it changed is read again. */
export function useAction<Input = void, Result = unknown>(options: ActionOptions<Input, Result>) {
  const queries = useQueryClient();
  const tell = useTell();
  return useMutation({
    mutationFn: options.run,
    onSuccess: async (result, input) => {
      const text = typeof options.done === "function" ? options.done(result, input) : options.done;
      if (text) tell(text);
      await options.after?.(result, input);
      await Promise.all((options.changes ?? []).map((queryKey) => queries.invalidateQueries({ queryKey })));
    },
    onError: (error) => tell(messageOf(error), { isBad: true }),
  });
}
