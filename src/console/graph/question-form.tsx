import { useState } from "react";
import { Button } from "#console/ui/button.tsx";
import { SelectField, TextField } from "#console/ui/fields.tsx";

export interface Question {
  text: string;
  subject: string;
  predicate: string;
  scope: string;
  ranking: string;
}

export const everything: Question = { text: "", subject: "", predicate: "", scope: "global", ranking: "semantic" };

const scopes = [
  ["global", "everybody"],
  ["session", "sessions"],
  ["run", "runs"],
] as const;

const rankings = [
  ["semantic", "meaning"],
  ["words", "words"],
  ["hybrid", "both"],
] as const;

export function QuestionForm({ onAsk }: { onAsk: (question: Question) => void }) {
  const [typed, setTyped] = useState(everything);
  const change = (changes: Partial<Question>) => setTyped({ ...typed, ...changes });
  const { text, subject, predicate, scope, ranking } = typed;
  return (
    <form
      className="filters"
      onSubmit={(event) => {
        event.preventDefault();
        onAsk({ ...typed, text: text.trim(), subject: subject.trim(), predicate: predicate.trim() });
      }}
    >
      <TextField label="About" placeholder="words or a meaning" value={text} onChange={(text) => change({ text })} />
      <TextField label="Subject" value={subject} onChange={(subject) => change({ subject })} />
      <TextField label="Predicate" value={predicate} onChange={(predicate) => change({ predicate })} />
      <SelectField label="Known to" value={scope} options={scopes} onChange={(scope) => change({ scope })} />
      <SelectField label="Found by" value={ranking} options={rankings} onChange={(ranking) => change({ ranking })} />
      <Button kind="primary" type="submit">
        Ask
      </Button>
    </form>
  );
}
