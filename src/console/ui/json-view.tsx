import { type Value, isObject, numberOf } from "#core/value.ts";

const mostItems = 200;

/** Any value as text, folded where it is long. Nothing of it is ever taken for markup. */
export function JsonView({ value, depth = 0 }: { value: Value | undefined; depth?: number }) {
  return <div className="json">{<Node value={value} depth={depth} />}</div>;
}

function Node({ value, depth }: { value: Value | undefined; depth: number }) {
  if (typeof value === "string") return <span className="text">{value === "" ? '""' : value}</span>;
  if (value === null || value === undefined) return <span className="quiet">none</span>;
  const number = numberOf(value);
  if (number !== null) return <span className="literal">{number}</span>;
  if (typeof value === "boolean") return <span className="literal">{value ? "true" : "false"}</span>;
  if (Array.isArray(value))
    return <Branch entries={value.map((item, index) => [String(index), item])} depth={depth} isList />;
  return isObject(value) ? <Branch entries={Object.entries(value)} depth={depth} /> : null;
}

interface BranchProps {
  entries: [string, Value | undefined][];
  depth: number;
  isList?: boolean;
}

function Branch({ entries, depth, isList = false }: BranchProps) {
  if (entries.length === 0) return <span className="quiet">{isList ? "empty list" : "empty"}</span>;
  const rows = entries.slice(0, mostItems).map(([key, item]) => (
    <div key={key}>
      <span className="key">{key}</span>: <Node value={item} depth={depth + 1} />
    </div>
  ));
  const more = entries.length > mostItems && <div className="quiet">{entries.length - mostItems} more</div>;
  if (depth === 0)
    return (
      <>
        {rows}
        {more}
      </>
    );
  return (
    <details open={depth < 2 && entries.length <= 12}>
      <summary>{isList ? `${entries.length} items` : `${entries.length} fields`}</summary>
      <div>
        {rows}
        {more}
      </div>
    </details>
  );
}
