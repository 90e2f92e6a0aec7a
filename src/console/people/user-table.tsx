import { useQuery } from "@tanstack/react-query";
import { Plus, Users } from "lucide-react";
import { useState } from "react";
import { NewSecret } from "#console/people/new-secret.tsx";
import { useClient, useWho } from "#console/session/session.tsx";
import { Button } from "#console/ui/button.tsx";
import { Dialog } from "#console/ui/dialog.tsx";
import { Bones, Empty } from "#console/ui/empty.tsx";
import { CheckField, TextField } from "#console/ui/fields.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import { Ago } from "#console/ui/time.tsx";
import { useAction } from "#console/ui/use-action.ts";
import type { User } from "#sdk/people.ts";

type Open = { kind: "new" } | { kind: "secret"; user: string; secret: string } | { kind: "remove"; user: User } | null;

/** The users of the gateway. Only administrators see them. */
export function UserTable() {
  const client = useClient();
  const { auth } = useWho();
  const [open, setOpen] = useState<Open>(null);
  const users = useQuery({ queryKey: ["users"], queryFn: () => client.people.users() });
  const close = () => setOpen(null);
  return (
    <section className="panel">
      <header>
        <h2>Users</h2>
        <Button size="small" onClick={() => setOpen({ kind: "new" })}>
          <Plus size={15} />
          New user
        </Button>
      </header>
      {users.error && <Problem>{messageOf(users.error)}</Problem>}
      {users.isPending && <Bones rows={2} />}
      {users.data?.length === 0 && (
        <Empty icon={Users} title="This gateway has one user">
          <p>With ABSTRACTGATEWAY_USER_AUTH=1 each user has a token and a runtime, and sees nothing of the others'.</p>
        </Empty>
      )}
      {users.data && users.data.length > 0 && (
        <div className="table-frame">
          <table className="table">
            <thead>
              <tr>
                <th>User</th>
                <th>Roles</th>
                <th>Runtime</th>
                <th>Since</th>
                <th />
              </tr>
            </thead>
            <tbody>
              {users.data.map((user) => (
                <UserRow
                  key={`${user.tenant_id}/${user.user_id}`}
                  user={user}
                  onSecret={(secret) => setOpen({ kind: "secret", user: user.user_id, secret })}
                  onRemove={() => setOpen({ kind: "remove", user })}
                />
              ))}
            </tbody>
          </table>
        </div>
      )}
      {!auth.user_auth_enabled && users.data && users.data.length > 0 && (
        <p className="quiet small body">User sign-in is off: these users cannot come in.</p>
      )}
      {open?.kind === "new" && (
        <NewUser onClose={close} onMade={(user, secret) => setOpen({ kind: "secret", user, secret })} />
      )}
      {open?.kind === "secret" && <NewSecret title={`Token of ${open.user}`} secret={open.secret} onClose={close} />}
      {open?.kind === "remove" && <RemoveUser user={open.user} onClose={close} />}
    </section>
  );
}

interface UserRowProps {
  user: User;
  onSecret: (secret: string) => void;
  onRemove: () => void;
}

function UserRow({ user, onSecret, onRemove }: UserRowProps) {
  const client = useClient();
  const change = useAction({
    run: (changes: { enabled?: boolean; rotate_token?: boolean }) => client.people.updateUser(user, changes),
    changes: [["users"]],
    after: ({ token }) => {
      if (token !== undefined) onSecret(token);
    },
  });
  return (
    <tr>
      <td>
        {user.user_id} {!user.enabled && <span className="tag">disabled</span>}
        <div className="quiet small">{user.email}</div>
      </td>
      <td>{user.roles.join(", ")}</td>
      <td className="mono">{user.runtime_id}</td>
      <td>
        <Ago at={user.created_at} />
      </td>
      <td className="actions">
        <Button size="small" onClick={() => change.mutate({ rotate_token: true })}>
          New token
        </Button>{" "}
        <Button size="small" onClick={() => change.mutate({ enabled: !user.enabled })}>
          {user.enabled ? "Disable" : "Enable"}
        </Button>{" "}
        <Button size="small" kind="danger" onClick={onRemove}>
          Remove
        </Button>
      </td>
    </tr>
  );
}

function RemoveUser({ user, onClose }: { user: User; onClose: () => void }) {
  const client = useClient();
  const remove = useAction({
    run: () => client.people.removeUser(user),
    changes: [["users"]],
    done: `${user.user_id} is removed.`,
    after: onClose,
  });
  return (
    <Dialog title={`Remove ${user.user_id}?`} onClose={onClose}>
      <p>
        Their token and sessions end at once. Their runs are kept, reserved, until an administrator gives or purges
        them.
      </p>
      <footer>
        <Button onClick={onClose}>Keep</Button>
        <Button kind="danger" disabled={remove.isPending} onClick={() => remove.mutate()}>
          Remove the user
        </Button>
      </footer>
    </Dialog>
  );
}

function NewUser({ onClose, onMade }: { onClose: () => void; onMade: (user: string, secret: string) => void }) {
  const client = useClient();
  const [name, setName] = useState("");
  const [email, setEmail] = useState("");
  const [isAdmin, setAdmin] = useState(false);
  const create = useAction({
    run: () =>
      client.people.createUser({
        user_id: name.trim(),
        ...(email.trim() ? { email: email.trim() } : {}),
        roles: isAdmin ? ["admin", "user"] : ["user"],
      }),
    changes: [["users"]],
    after: ({ user, token }) => (token === undefined ? onClose() : onMade(user.user_id, token)),
  });
  return (
    <Dialog title="New user" onClose={onClose}>
      <TextField label="Name" value={name} onChange={setName} />
      <TextField label="Email" type="email" value={email} onChange={setEmail} />
      <CheckField label="Administrator" checked={isAdmin} onChange={setAdmin} />
      <footer>
        <Button kind="primary" disabled={name.trim() === "" || create.isPending} onClick={() => create.mutate()}>
          Make the user
        </Button>
      </footer>
    </Dialog>
  );
}
