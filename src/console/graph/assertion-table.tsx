import { Link } from "wouter";
import { Ago } from "#console/ui/time.tsx";
import type { Assertion } from "#sdk/graph.ts";

interface AssertionTableProps {
  items: Assertion[];
  /** A thing is to be looked at. */
  onChoose: (thing: Pick<Assertion, "subject" | "owner_id">) => void;
}

export function AssertionTable({ items, onChoose }: AssertionTableProps) {
  return (
    <section className="panel table-frame" aria-label="Facts">
      <table className="table">
        <thead>
          <tr>
            <th>Subject</th>
            <th>Predicate</th>
            <th>Object</th>
            <th className="number">Certain</th>
            <th>Seen</th>
            <th>From</th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={item.assertion_id}>
              <td>
                <Thing name={item.subject} onClick={() => onChoose(item)} />
              </td>
              <td className="quiet">{item.predicate}</td>
              <td>
                <Thing name={item.object} onClick={() => onChoose({ ...item, subject: item.object })} />
              </td>
              <td className="number">
                {item.confidence === undefined ? "–" : `${Math.round(item.confidence * 100)} %`}
              </td>
              <td>
                <Ago at={item.observed_at} />
              </td>
              <td>
                <Source item={item} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Thing({ name, onClick }: { name: string; onClick: () => void }) {
  return (
    <button type="button" className="link" onClick={onClick}>
      {name}
    </button>
  );
}

function Source({ item }: { item: Assertion }) {
  const { run_id: runId }: { run_id?: unknown } = item.provenance ?? {};
  if (typeof runId !== "string") return <span className="quiet">–</span>;
  return (
    <Link className="mono" href={`/runs/${runId}`}>
      {runId.slice(0, 8)}
    </Link>
  );
}
