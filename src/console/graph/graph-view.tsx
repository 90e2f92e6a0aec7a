import { useQuery } from "@tanstack/react-query";
import { Waypoints } from "lucide-react";
import { Suspense, lazy, useState } from "react";
import { AssertionTable } from "#console/graph/assertion-table.tsx";
import { type Question, QuestionForm, everything } from "#console/graph/question-form.tsx";
import { useClient } from "#console/session/session.tsx";
import { Bones, Empty } from "#console/ui/empty.tsx";
import { PageHead } from "#console/ui/page-head.tsx";
import { Problem, messageOf } from "#console/ui/problem.tsx";
import type { Assertion } from "#sdk/graph.ts";

const Around = lazy(async () => ({ default: (await import("#console/graph/around.tsx")).Around }));

/** A thing, in the part of the graph where it is known. */
type Centre = Pick<Assertion, "subject" | "owner_id">;

/** What is known across runs: asked by words, looked around in as a drawing. */
export function GraphView() {
  const client = useClient();
  const [asked, setAsked] = useState(everything);
  const [centre, setCentre] = useState<Centre | null>(null);
  const found = useQuery({
    queryKey: ["graph", asked],
    queryFn: () => client.graph.query(bodyOf(asked)),
  });
  const items = found.data?.items ?? [];
  const shown = centre ?? items[0] ?? null;
  return (
    <div className="stack">
      <PageHead title="Knowledge" about="Facts that runs wrote, with where they come from." />
      <QuestionForm
        onAsk={(question) => {
          setCentre(null);
          setAsked(question);
        }}
      />
      {found.error && <Problem>{messageOf(found.error)}</Problem>}
      {found.isPending && (
        <div className="panel">
          <Bones rows={4} />
        </div>
      )}
      {found.data && items.length === 0 && <NothingKnown />}
      {shown !== null && (
        <section className="panel">
          <header>
            <h2 className="cut">Around {shown.subject}</h2>
          </header>
          <Suspense fallback={<div className="graph" />}>
            <Around
              key={`${shown.owner_id} ${shown.subject}`}
              centre={shown.subject}
              scope={asked.scope}
              owner={shown.owner_id ?? null}
              onChoose={(subject) => setCentre({ ...shown, subject })}
            />
          </Suspense>
        </section>
      )}
      {items.length > 0 && <AssertionTable items={items} onChoose={setCentre} />}
    </div>
  );
}

function bodyOf({ text, subject, predicate, scope, ranking }: Question) {
  return {
    scope,
    all_owners: true,
    limit: 200,
    order: "desc",
    ...(text ? { query_text: text, ranking } : {}),
    ...(subject ? { subject } : {}),
    ...(predicate ? { predicate } : {}),
  };
}

function NothingKnown() {
  return (
    <div className="panel">
      <Empty icon={Waypoints} title="Nothing is known of that">
        <p>Flows write facts with the node Assert, agents with their memory tools. Or write the first one yourself:</p>
        <code>POST api/gateway/kg/assert</code>
      </Empty>
    </div>
  );
}
