import { OwnTokens } from "#console/people/own-tokens.tsx";
import { UserTable } from "#console/people/user-table.tsx";
import { AuditTail } from "#console/people/audit-tail.tsx";
import { useWho } from "#console/session/session.tsx";
import { PageHead } from "#console/ui/page-head.tsx";

export function PeopleView() {
  const { principal, auth } = useWho();
  return (
    <div className="stack">
      <PageHead title="People and tokens" />
      <section className="panel">
        <header>
          <h2>You</h2>
        </header>
        <div className="body">
          <dl className="facts">
            <dt>User</dt>
            <dd>{principal.user_id}</dd>
            <dt>Roles</dt>
            <dd>{principal.roles.join(", ")}</dd>
            <dt>Runtime</dt>
            <dd className="mono">{principal.runtime_id}</dd>
            <dt>Signed in by</dt>
            <dd>{principal.source}</dd>
          </dl>
        </div>
      </section>
      {auth.user_auth_enabled && principal.source === "user-registry" && <OwnTokens />}
      {principal.admin && <UserTable />}
      {principal.admin && <AuditTail />}
    </div>
  );
}
