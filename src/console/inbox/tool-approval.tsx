import { Check, X } from "lucide-react";
import { useState } from "react";
import type { Answer } from "#console/inbox/wait-card.tsx";
import { Button } from "#console/ui/button.tsx";
import { TextField } from "#console/ui/fields.tsx";
import { JsonView } from "#console/ui/json-view.tsx";
import { type JsonObject, isObject } from "#core/value.ts";
import { textOf } from "#console/ui/text-of.ts";

interface ToolApprovalProps {
  details: JsonObject;
  answer: Answer;
  isBusy: boolean;
}

/** Tools that ask first. Consent is to exactly the calls that are shown. */
export function ToolApproval({ details, answer, isBusy }: ToolApprovalProps) {
  const [reason, setReason] = useState("");
  const calls = Array.isArray(details["tool_calls"]) ? details["tool_calls"].filter(isObject) : [];
  return (
    <div className="stack">
      <p className="asked">{calls.length === 1 ? "May this tool run?" : `May these ${calls.length} tools run?`}</p>
      <ul className="stack">
        {calls.map((call, index) => (
          <li key={index} className="call">
            <strong className="mono">{textOf(call["name"])}</strong>
            <JsonView value={call["arguments"]} />
          </li>
        ))}
      </ul>
      <TextField label="Reason, when you deny it" value={reason} onChange={setReason} />
      <div className="row">
        <Button kind="primary" disabled={isBusy} onClick={() => answer({ approved: true })}>
          <Check size={16} />
          Approve
        </Button>
        <Button
          kind="danger"
          disabled={isBusy}
          onClick={() => answer({ approved: false, ...(reason.trim() ? { reason: reason.trim() } : {}) })}
        >
          <X size={16} />
          Deny
        </Button>
      </div>
    </div>
  );
}
