import { type Control, controlOf } from "#console/launch/input-values.ts";
import { AreaField, Field, SelectField, TextField } from "#console/ui/fields.tsx";
import type { FlowInput } from "#sdk/history.ts";

interface InputFieldProps {
  input: FlowInput;
  text: string;
  wrong: string | null;
  providers: string[];
  models: string[];
  onChange: (text: string) => void;
}

const longNames = /prompt|message|text|system|task|question|content|description/i;

/** A control for one pin of a flow's start. */
export function InputField({ input, text, wrong, providers, models, onChange }: InputFieldProps) {
  const control = controlOf(input);
  const label = (
    <>
      {input.label || input.id}
      <span className="quiet small">{input.type}</span>
    </>
  );
  if (control === "boolean")
    return (
      <SelectField
        label={label}
        value={text}
        options={[
          ["", "left to the flow"],
          ["true", "yes"],
          ["false", "no"],
        ]}
        onChange={onChange}
      />
    );
  if (control === "json")
    return (
      <AreaField label={label} isCode rows={2} placeholder="JSON" wrong={wrong} value={text} onChange={onChange} />
    );
  if (control === "text" && (longNames.test(input.id) || text.length > 80 || text.includes("\n")))
    return <AreaField label={label} rows={3} wrong={wrong} value={text} onChange={onChange} />;
  if (control === "provider" || control === "model")
    return (
      <Suggested
        label={label}
        text={text}
        wrong={wrong}
        words={wordsFor(control, providers, models)}
        onChange={onChange}
      />
    );
  return (
    <TextField
      label={label}
      wrong={wrong}
      value={text}
      onChange={onChange}
      {...(control === "number" ? { inputMode: "decimal" as const } : {})}
    />
  );
}

function wordsFor(control: Control, providers: string[], models: string[]): string[] {
  return control === "provider" ? providers : models;
}

interface SuggestedProps {
  label: React.ReactNode;
  text: string;
  wrong: string | null;
  words: string[];
  onChange: (text: string) => void;
}

function Suggested({ label, text, wrong, words, onChange }: SuggestedProps) {
  return (
    <Field label={label} hint="Empty: the gateway's default." wrong={wrong}>
      {(id, describedBy) => (
        <>
          <input
            id={id}
            className="input"
            list={`${id}-words`}
            aria-describedby={describedBy}
            value={text}
            onChange={(event) => onChange(event.target.value)}
          />
          <datalist id={`${id}-words`}>
            {words.map((word) => (
              <option key={word} value={word} />
            ))}
          </datalist>
        </>
      )}
    </Field>
  );
}
