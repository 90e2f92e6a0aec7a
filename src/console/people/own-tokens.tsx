import { useQuery } from "@tanstack/react-query";
import { KeyRound, Plus } from "lucide-react";
import { useState } from "react";
import { NewSecret } from "#console/people/new-secret.tsx";
import { useClient } from "#console/session/session.tsx";
import { Button } from "#console/ui/button.tsx";
import { Dialog } from "#console/ui/dialog.tsx";
import { Bones, Empty } from "#console/ui/empty.tsx";
import { CheckField, SelectField, TextField } from "#console/ui/fields.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { Ago, wholeTime } from "#console/ui/time.tsx";
import { useAction } from "#console/ui/use-action.ts";
import { tokenScopes } from "#core/token-scopes.ts";

/** Tokens for one's own programs, each with what it may do and an end. */
export function OwnTokens() {
  const client = useClient();
  const [open, setOpen] = useState<"new" | { secret: string } | null>(null);
  const tokens = useQuery({ queryKey: ["own-tokens"], queryFn: () => client.people.tokens() });
  const remove = useAction({
    run: (id: string) => client.people.removeToken(id),
    changes: [["own-tokens"]],
    done: "The token is ended.",
  });
  return (
    <section className="panel">
      <header>
        <h2>Access tokens</h2>
        <Button size="small" onClick={() => setOpen("new")}>
          <Plus size={15} />
          New token
        </Button>
      </header>
      {tokens.error && <Problem>{messageOf(tokens.error)}</Problem>}
      {tokens.isPending && <Bones rows={2} />}
      {tokens.data?.length === 0 && (
        <Empty icon={KeyRound} title="No access token">
          <p>A script or another client comes with a token of its own, which may do only what you say.</p>
        </Empty>
      )}
      {tokens.data && tokens.data.length > 0 && (
        <div className="table-frame">
          <table className="table">
            <thead>
              <tr>
                <th>Name</th>
                <th>May</th>
                <th>Used</th>
                <th>Ends</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {tokens.data.map((token) => (
                <tr key={token.token_id}>
                  <td>{token.name}</td>
                  <td className="quiet">{token.scopes.join(", ")}</td>
                  <td>
                    <Ago at={token.last_used_at} />
                  </td>
                  <td>{wholeTime(token.expires_at)}</td>
                  <td className="actions">
                    <Button size="small" kind="danger" onClick={() => remove.mutate(token.token_id)}>
                      End
                    </Button>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {open === "new" && <NewToken onClose={() => setOpen(null)} onMade={(secret) => setOpen({ secret })} />}
      {typeof open === "object" && open && (
        <NewSecret title="Your new token" secret={open.secret} onClose={() => setOpen(null)} />
      )}
    </section>
  );
}

const lives = [
  ["604800", "a week"],
  ["2592000", "30 days"],
  ["7776000", "90 days"],
  ["31536000", "a year"],
] as const;

function NewToken({ onClose, onMade }: { onClose: () => void; onMade: (secret: string) => void }) {
  const client = useClient();
  const [name, setName] = useState("");
  const [life, setLife] = useState("2592000");
  const [scopes, setScopes] = useState<string[]>(["runs:read"]);
  const create = useAction({
    run: () => client.people.createToken({ name: name.trim(), scopes, expires_in_s: Number(life) }),
    changes: [["own-tokens"]],
    after: ({ token }) => onMade(token),
  });
  return (
    <Dialog title="New access token" onClose={onClose}>
      <TextField label="Name" hint="What it is for." value={name} onChange={setName} />
      <fieldset className="scopes">
        <legend>It may</legend>
        {tokenScopes.map((scope) => (
          <CheckField
            key={scope}
            label={scope}
            checked={scopes.includes(scope)}
            onChange={(has) => setScopes(has ? [...scopes, scope] : scopes.filter((each) => each !== scope))}
          />
        ))}
      </fieldset>
      <SelectField label="For" value={life} options={lives} onChange={setLife} />
      <footer>
        <Button
          kind="primary"
          disabled={name.trim() === "" || scopes.length === 0 || create.isPending}
          onClick={() => create.mutate()}
        >
          Make it
        </Button>
      </footer>
    </Dialog>
  );
}
