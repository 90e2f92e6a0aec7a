import { QueryClientProvider } from "@tanstack/react-query";
import { useState } from "react";
import { Router } from "wouter";
import { useHashLocation } from "wouter/use-hash-location";
import { createQueries } from "#console/queries.ts";
import { SessionProvider, useSession } from "#console/session/session.tsx";
import { SignIn } from "#console/session/sign-in.tsx";
import { Shell } from "#console/shell/shell.tsx";
import { ToastProvider } from "#console/ui/toasts.tsx";

export function App() {
  return (
    <Router hook={useHashLocation}>
      <ToastProvider>
        <SessionProvider>
          <Door />
        </SessionProvider>
      </ToastProvider>
    </Router>
  );
}

/** Nothing is asked of the gateway before somebody is in; what was read goes with whoever leaves. */
function Door() {
  const { state } = useSession();
  if (state.kind === "checking") return null;
  if (state.kind === "out") return <SignIn />;
  return <Inside key={`${state.who.principal.tenant_id}/${state.who.principal.user_id}`} />;
}

function Inside() {
  const { leave } = useSession();
  const [queries] = useState(() => createQueries(() => leave("Your session has ended. Sign in again.")));
  return (
    <QueryClientProvider client={queries}>
      <Shell />
    </QueryClientProvider>
  );
}
