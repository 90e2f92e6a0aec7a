import { ChevronRight, ScrollText } from "lucide-react";
import { useState } from "react";
import { sentenceOf } from "#console/run/ledger-facts.ts";
import { VirtualRows } from "#console/run/virtual-rows.tsx";
import { Empty } from "#console/ui/empty.tsx";
import { JsonView } from "#console/ui/json-view.tsx";
import { clockTime, wholeTime } from "#console/ui/time.tsx";
import type { Value } from "#core/value.ts";
import type { LedgerEntry } from "#sdk/wire.ts";

/** The records as they are in the ledger. A row opens to the whole record. */
export function LedgerTab({ entries }: { entries: LedgerEntry[] }) {
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  if (entries.length === 0) return <Empty icon={ScrollText} title="No record yet" />;
  const toggle = (cursor: number) => {
    const next = new Set(open);
    if (!next.delete(cursor)) next.add(cursor);
    setOpen(next);
  };
  return (
    <VirtualRows
      items={entries.map((entry) => ({ key: String(entry.cursor), entry }))}
      rowHeight={41}
      label="Ledger"
      render={({ entry: { cursor, record } }) => (
        <div className="record">
          <button type="button" aria-expanded={open.has(cursor)} onClick={() => toggle(cursor)}>
            <ChevronRight size={15} aria-hidden="true" />
            <span className="numbers quiet cursor">{cursor}</span>
            <span className={`word ${record.status}`}>{record.status}</span>
            <span className="cut node">{record.node_id}</span>
            <span className="cut quiet kind">{record.effect?.type ?? "–"}</span>
            <span className="cut quiet text">{sentenceOf(record).slice(0, 300)}</span>
            <time className="quiet" dateTime={record.started_at} title={wholeTime(record.started_at)}>
              {clockTime(record.started_at)}
            </time>
          </button>
          {open.has(cursor) && (
            <div className="whole">
              <JsonView value={record as unknown as Value} />
            </div>
          )}
        </div>
      )}
    />
  );
}
