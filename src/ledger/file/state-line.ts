import { damaged } from "#ledger/file/file-error.ts";
import type { StoredStateLine } from "#ledger/file/stored-run.ts";

const text = '"[^"\\\\]*(?:\\\\.[^"\\\\]*)*"';
const start = new RegExp(`^\\{"no":(\\d+),"seq":(\\d+),"node_id":(${text}),"wait":(null|${text}),"(snapshot|delta)":`);

/** A line of `states.jsonl`. The wait is a text, so that the vars behind it can be cut out as they were written. */
export function stateText({ no, seq, isSnapshot, json, nodeId, wait }: StoredStateLine): string {
  const position = `"node_id":${JSON.stringify(nodeId)},"wait":${JSON.stringify(wait)}`;
  return `{"no":${no},"seq":${seq},${position},"${isSnapshot ? "snapshot" : "delta"}":${json}}`;
}

export function parseState(line: string, path: string): StoredStateLine {
  const match = start.exec(line);
  if (!match) throw damaged(`${path} has a line that is no state`);
  const [head, no, seq, nodeId, wait, kind] = match as unknown as [string, string, string, string, string, string];
  return {
    no: Number(no),
    seq: Number(seq),
    isSnapshot: kind === "snapshot",
    json: line.slice(head.length, -1),
    nodeId: JSON.parse(nodeId) as string,
    wait: JSON.parse(wait) as string | null,
  };
}
