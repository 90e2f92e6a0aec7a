import { type Timing, overlaps } from "#console/launch/timing.ts";
import { AreaField, SelectField, TextField } from "#console/ui/fields.tsx";

interface TimingFieldsProps {
  timing: Timing;
  wrong: string | null;
  onChange: (changes: Partial<Timing>) => void;
}

const kinds = [
  ["now", "Now"],
  ["once", "Once, later"],
  ["interval", "Again and again"],
  ["cron", "By calendar"],
] as const;

export function TimingFields({ timing, wrong, onChange }: TimingFieldsProps) {
  const { when } = timing;
  return (
    <div className="form">
      <div className="segments wide" role="group" aria-label="When">
        {kinds.map(([kind, label]) => (
          <button key={kind} type="button" aria-pressed={when === kind} onClick={() => onChange({ when: kind })}>
            {label}
          </button>
        ))}
      </div>
      {when === "once" && (
        <TextField
          label="At"
          type="datetime-local"
          wrong={wrong}
          value={timing.at}
          onChange={(at) => onChange({ at })}
        />
      )}
      {when === "interval" && (
        <TextField
          label="Every"
          hint="Such as 30m, 1h or 1d."
          wrong={wrong}
          value={timing.interval}
          onChange={(interval) => onChange({ interval })}
        />
      )}
      {when === "cron" && (
        <>
          <AreaField
            label="Cron patterns"
            isCode
            rows={2}
            hint="One a line: minute, hour, day, month, weekday."
            wrong={wrong}
            value={timing.cron}
            onChange={(cron) => onChange({ cron })}
          />
          <SelectField
            label="Time zone"
            value={timing.timezone}
            options={zones(timing.timezone)}
            onChange={(timezone) => onChange({ timezone })}
          />
        </>
      )}
      {(when === "interval" || when === "cron") && (
        <div className="columns">
          <TextField
            label="How often"
            inputMode="numeric"
            hint="Empty: until it is ended."
            value={timing.times}
            onChange={(times) => onChange({ times })}
          />
          <SelectField
            label="When the last run still works"
            value={timing.overlap}
            options={overlaps}
            onChange={(overlap) => onChange({ overlap })}
          />
        </div>
      )}
      {when !== "now" && <TextField label="Note" value={timing.note} onChange={(note) => onChange({ note })} />}
    </div>
  );
}

function zones(current: string): [string, string][] {
  return [...new Set([current, "UTC", ...Intl.supportedValuesOf("timeZone")])].map((name) => [name, name]);
}
