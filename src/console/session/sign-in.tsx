import { useState } from "react";
import { gatewayFacts } from "#console/session/gateway-facts.ts";
import { type Credentials, useSession } from "#console/session/session.tsx";
import { Brand } from "#console/shell/brand.tsx";
import { Button } from "#console/ui/button.tsx";
import { CheckField, TextField } from "#console/ui/fields.tsx";
import { Problem } from "#console/ui/problem.tsx";
import { SdkError } from "#sdk/sdk-error.ts";

export function SignIn() {
  const { state, enter } = useSession();
  const { signIn } = gatewayFacts();
  const [credentials, setCredentials] = useState<Credentials>({ user: "", token: "", remember: false });
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const change = (changes: Partial<Credentials>) => setCredentials((before) => ({ ...before, ...changes }));
  const reason = problem ?? (state.kind === "out" ? state.reason : null);
  const submit = async () => {
    setBusy(true);
    setProblem(null);
    try {
      await enter({ ...credentials, user: credentials.user.trim(), token: credentials.token.trim() });
    } catch (error) {
      setProblem(refusalOf(error, credentials));
      setBusy(false);
    }
  };
  return (
    <main className="sign-in">
      <form
        className="panel"
        onSubmit={(event) => {
          event.preventDefault();
          void submit();
        }}
      >
        <Brand />
        <div className="stack">
          <h1>Sign in</h1>
          {reason !== null && <Problem>{reason}</Problem>}
          {signIn === "users" && (
            <TextField
              label="User"
              hint="Leave it empty to come with an access token."
              autoComplete="username"
              autoFocus
              value={credentials.user}
              onChange={(user) => change({ user })}
            />
          )}
          <TextField
            label="Token"
            type="password"
            autoComplete="current-password"
            required
            autoFocus={signIn !== "users"}
            hint={
              signIn === "users"
                ? "Your own token, as an administrator gave it to you."
                : "ABSTRACTGATEWAY_AUTH_TOKEN in the gateway's .env, which config init wrote."
            }
            value={credentials.token}
            onChange={(token) => change({ token })}
          />
          <CheckField
            label="Stay signed in on this device"
            checked={credentials.remember}
            onChange={(remember) => change({ remember })}
          />
        </div>
        <Button kind="primary" type="submit" disabled={isBusy || credentials.token.trim() === ""}>
          Sign in
        </Button>
      </form>
    </main>
  );
}

function refusalOf(error: unknown, { user }: Credentials): string {
  if (error instanceof SdkError && error.status === 401) {
    return user === "" ? "The gateway does not know this token." : "User and token do not belong together.";
  }
  return error instanceof Error ? error.message : String(error);
}
