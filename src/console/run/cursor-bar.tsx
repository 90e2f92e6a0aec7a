import { Radio } from "lucide-react";
import { Button } from "#console/ui/button.tsx";

interface CursorBarProps {
  head: number;
  cursor: number;
  isLive: boolean;
  /** Null: follow the run. */
  onChange: (cursor: number | null) => void;
}

/** Moves through the run's past; the arrow keys step by one record. */
export function CursorBar({ head, cursor, isLive, onChange }: CursorBarProps) {
  return (
    <div className="cursor-bar">
      <label htmlFor="cursor">Record</label>
      <input
        id="cursor"
        type="range"
        min={0}
        max={head}
        value={cursor}
        aria-valuetext={`record ${cursor} of ${head}`}
        onChange={(event) => onChange(event.target.valueAsNumber)}
      />
      <output className="numbers" htmlFor="cursor">
        {cursor} / {head}
      </output>
      <Button size="small" aria-pressed={isLive} onClick={() => onChange(null)} disabled={isLive}>
        <Radio size={14} />
        Latest
      </Button>
    </div>
  );
}
