import { type ReactNode, createContext, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { gatewayAddress, gatewayFacts } from "#console/session/gateway-facts.ts";
import { csrfSecret, forgetToken, keepToken, keptToken } from "#console/session/kept-token.ts";
import { type GatewayClient, createClient } from "#sdk/client.ts";
import type { Who } from "#sdk/people.ts";
import { SdkError } from "#sdk/sdk-error.ts";

type State = { kind: "checking" } | { kind: "out"; reason: string | null } | { kind: "in"; who: Who };

export interface Credentials {
  /** Empty for a bearer token. */
  user: string;
  token: string;
  remember: boolean;
}

interface Session {
  state: State;
  client: GatewayClient;
  enter(credentials: Credentials): Promise<void>;
  /** Forgets everything here; the gateway ends the session when it can be asked. */
  leave(reason?: string): void;
}

const SessionContext = createContext<Session | null>(null);

function newClient(): GatewayClient {
  const { csrfCookie, csrfHeader } = gatewayFacts();
  return createClient({
    baseUrl: gatewayAddress(),
    clientId: "console",
    headers: () => {
      const token = keptToken();
      if (token !== null) return { authorization: `Bearer ${token}` };
      const secret = csrfSecret(csrfCookie);
      return secret === null ? {} : { [csrfHeader]: secret };
    },
  });
}

/** Asking without any credential would count as a failed attempt. */
function hasSomethingToShow(): boolean {
  const { signIn, csrfCookie } = gatewayFacts();
  return signIn === "open" || keptToken() !== null || csrfSecret(csrfCookie) !== null;
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const [client] = useState(newClient);
  const [state, setState] = useState<State>(() =>
    hasSomethingToShow() ? { kind: "checking" } : { kind: "out", reason: null },
  );
  const look = useCallback(async () => {
    try {
      setState({ kind: "in", who: await client.people.me() });
    } catch (error) {
      const isRefused = error instanceof SdkError && error.status === 401;
      if (isRefused) forgetToken();
      setState({ kind: "out", reason: isRefused ? null : sentenceOf(error) });
    }
  }, [client]);
  useEffect(() => {
    if (hasSomethingToShow()) void look();
  }, [look]);
  const session = useMemo<Session>(
    () => ({
      state,
      client,
      enter: async (credentials) => setState({ kind: "in", who: await signIn(client, credentials) }),
      leave: (reason) => {
        const isAsked = reason === undefined;
        const done = isAsked && keptToken() === null ? client.people.signOut().catch(() => undefined) : null;
        forgetToken();
        if (isAsked) {
          // Whoever comes next begins at the beginning.
          sessionStorage.clear();
          location.hash = "#/runs";
        }
        void Promise.resolve(done).then(() => setState({ kind: "out", reason: reason ?? null }));
      },
    }),
    [state, client],
  );
  return <SessionContext value={session}>{children}</SessionContext>;
}

async function signIn(client: GatewayClient, { user, token, remember }: Credentials): Promise<Who> {
  forgetToken();
  if (user !== "") {
    await client.people.signIn({ user_id: user, token, remember });
    return client.people.me();
  }
  keepToken(token, { remember });
  try {
    return await client.people.me();
  } catch (error) {
    forgetToken();
    throw error;
  }
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("used outside of a session");
  return session;
}

export function useClient(): GatewayClient {
  return useSession().client;
}

/** Who is signed in. Only inside. */
export function useWho(): Who {
  const { state } = useSession();
  if (state.kind !== "in") throw new Error("nobody is signed in");
  return state.who;
}
