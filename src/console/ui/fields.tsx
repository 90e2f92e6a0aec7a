import { type ComponentProps, type ReactNode, useId } from "react";

interface FieldProps {
  label: ReactNode;
  hint?: ReactNode;
  wrong?: string | null | undefined;
  children: (id: string, describedBy: string | undefined) => ReactNode;
}

/** A label, its control, what helps, and what is wrong. */
export function Field({ label, hint, wrong, children }: FieldProps) {
  const id = useId();
  const has = Boolean(hint) || Boolean(wrong);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children(id, has ? `${id}-more` : undefined)}
      {has && (
        <div id={`${id}-more`}>{wrong ? <div className="wrong">{wrong}</div> : <div className="hint">{hint}</div>}</div>
      )}
    </div>
  );
}

type InputProps = Omit<ComponentProps<"input">, "onChange" | "className" | "id">;

interface TextFieldProps extends InputProps {
  label: ReactNode;
  hint?: ReactNode;
  wrong?: string | null | undefined;
  value: string;
  onChange: (value: string) => void;
}

export function TextField({ label, hint, wrong, onChange, ...rest }: TextFieldProps) {
  return (
    <Field label={label} hint={hint} wrong={wrong}>
      {(id, describedBy) => (
        <input
          id={id}
          className="input"
          aria-describedby={describedBy}
          aria-invalid={wrong ? true : undefined}
          onChange={(event) => onChange(event.target.value)}
          {...rest}
        />
      )}
    </Field>
  );
}

interface AreaFieldProps extends Omit<ComponentProps<"textarea">, "onChange" | "className" | "id"> {
  label: ReactNode;
  hint?: ReactNode;
  wrong?: string | null | undefined;
  isCode?: boolean;
  value: string;
  onChange: (value: string) => void;
}

export function AreaField({ label, hint, wrong, isCode = false, onChange, ...rest }: AreaFieldProps) {
  return (
    <Field label={label} hint={hint} wrong={wrong}>
      {(id, describedBy) => (
        <textarea
          id={id}
          className={isCode ? "input mono" : "input"}
          aria-describedby={describedBy}
          aria-invalid={wrong ? true : undefined}
          onChange={(event) => onChange(event.target.value)}
          {...rest}
        />
      )}
    </Field>
  );
}

interface SelectFieldProps {
  label: ReactNode;
  hint?: ReactNode;
  value: string;
  options: readonly (readonly [value: string, label: string])[];
  onChange: (value: string) => void;
}

export function SelectField({ label, hint, value, options, onChange }: SelectFieldProps) {
  return (
    <Field label={label} hint={hint}>
      {(id, describedBy) => (
        <select
          id={id}
          className="input"
          aria-describedby={describedBy}
          value={value}
          onChange={(event) => onChange(event.target.value)}
        >
          {options.map(([each, text]) => (
            <option key={each} value={each}>
              {text}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

interface CheckFieldProps {
  label: ReactNode;
  checked: boolean;
  onChange: (checked: boolean) => void;
}

export function CheckField({ label, checked, onChange }: CheckFieldProps) {
  return (
    <label className="check">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  );
}
