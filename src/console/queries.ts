import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { SdkError } from "#sdk/sdk-error.ts";

/** Answers that were read, kept for a moment. A refusal of who somebody is ends their session here, too. */
export function createQueries(onUnauthorized: () => void): QueryClient {
  const onError = (error: unknown) => {
    if (error instanceof SdkError && error.status === 401) onUnauthorized();
  };
  return new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 1500,
        retry: (failures, error) => failures < 2 && error instanceof SdkError && error.retryable,
        retryDelay: (failures) => 400 * 2 ** failures,
      },
    },
  });
}
