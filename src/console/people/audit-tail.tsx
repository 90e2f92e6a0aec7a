import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useClient } from "#console/session/session.tsx";
import { Bones } from "#console/ui/empty.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";

const readBytes = 40_000;
const shownLines = 100;

/** The end of the audit log: who changed what. */
export function AuditTail() {
  const client = useClient();
  const [isOpen, setOpen] = useState(false);
  const audit = useQuery({
    queryKey: ["audit"],
    queryFn: () => client.people.auditTail(readBytes),
    enabled: isOpen,
  });
  return (
    <section className="panel">
      <details className="fold" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <strong>Audit log</strong>
          <span className="quiet small">the last {shownLines} changes, the newest first</span>
        </summary>
        {audit.error && <Problem>{messageOf(audit.error)}</Problem>}
        {audit.isLoading && <Bones rows={3} />}
        {audit.data && (
          <pre className="text-box audit" tabIndex={0}>
            {audit.data.content.trim().split("\n").toReversed().slice(0, shownLines).join("\n")}
          </pre>
        )}
      </details>
    </section>
  );
}
