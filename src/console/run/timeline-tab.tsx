import { ListTree } from "lucide-react";
import { lengthMs, sentenceOf } from "#console/run/ledger-facts.ts";
import { VirtualRows } from "#console/run/virtual-rows.tsx";
import { Empty } from "#console/ui/empty.tsx";
import { clockTime, duration, wholeTime } from "#console/ui/time.tsx";
import type { StepRecord } from "#core/record.ts";
import type { LedgerEntry } from "#sdk/wire.ts";

interface Step {
  key: string;
  record: StepRecord;
}

/** One line per step: its last record, with a bar for when it ran within the run. */
export function TimelineTab({ entries }: { entries: LedgerEntry[] }) {
  const steps = stepsOf(entries);
  if (steps.length === 0) return <Empty icon={ListTree} title="No step yet" />;
  const startMs = Date.parse(steps[0]?.record.started_at ?? "");
  const endMs = steps.reduce(
    (latest, { record }) => Math.max(latest, Date.parse(record.ended_at ?? record.started_at)),
    startMs + 1,
  );
  const share = (ms: number) => Math.min(100, Math.max(0, (ms / (endMs - startMs)) * 100));
  return (
    <VirtualRows
      items={steps}
      rowHeight={48}
      label="Timeline"
      render={({ record }) => (
        <div className="step">
          <span className={`dot ${record.status}`} title={record.status} />
          <div className="what">
            <strong className="cut">{record.node_id}</strong>
            <span className="quiet cut">
              {record.effect?.type ?? "step"} {sentenceOf(record).slice(0, 200)}
            </span>
          </div>
          <div className={`lane ${record.status}`} aria-hidden="true">
            <i
              style={{
                left: `min(${share(Date.parse(record.started_at) - startMs)}%, 100% - 3px)`,
                width: `max(3px, ${share(lengthMs(record))}%)`,
              }}
            />
          </div>
          <span className="numbers quiet length">{record.ended_at ? duration(lengthMs(record)) : "…"}</span>
          <time className="quiet" dateTime={record.started_at} title={wholeTime(record.started_at)}>
            {clockTime(record.started_at)}
          </time>
        </div>
      )}
    />
  );
}

function stepsOf(entries: LedgerEntry[]): Step[] {
  const steps = new Map<string, Step>();
  for (const { record } of entries) {
    const key = record.step_id;
    const first = steps.get(key)?.record;
    // The outcome stands where the step began.
    steps.set(key, {
      key,
      record: first ? { ...record, started_at: first.started_at, effect: record.effect ?? first.effect } : record,
    });
  }
  return [...steps.values()];
}
