import { ArrowUp, Square } from "lucide-react";
import { useState } from "react";
import { Button } from "#console/ui/button.tsx";

interface ComposerProps {
  isBusy: boolean;
  onSend: (text: string) => void;
  /** Null while there is nothing to stop. */
  onStop: (() => void) | null;
}

export function Composer({ isBusy, onSend, onStop }: ComposerProps) {
  const [text, setText] = useState("");
  const send = () => {
    if (isBusy || text.trim() === "") return;
    onSend(text.trim());
    setText("");
  };
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault();
        send();
      }}
    >
      <textarea
        className="input"
        aria-label="Message"
        placeholder="Write a message"
        rows={2}
        value={text}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
          event.preventDefault();
          send();
        }}
      />
      {isBusy && onStop ? (
        <Button onClick={onStop}>
          <Square size={15} />
          Stop
        </Button>
      ) : (
        <Button kind="primary" type="submit" disabled={isBusy || text.trim() === ""}>
          <ArrowUp size={16} />
          Send
        </Button>
      )}
    </form>
  );
}
