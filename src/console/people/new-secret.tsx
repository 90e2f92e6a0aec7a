import { Copy } from "lucide-react";
import { Button } from "#console/ui/button.tsx";
import { Dialog } from "#console/ui/dialog.tsx";
import { useTell } from "#console/ui/toasts.tsx";

interface NewSecretProps {
  title: string;
  secret: string;
  onClose: () => void;
}

/** A secret that is shown once. */
export function NewSecret({ title, secret, onClose }: NewSecretProps) {
  const tell = useTell();
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(secret);
      tell("Copied.");
    } catch {
      tell("The browser does not let this page copy; select the text.", { isBad: true });
    }
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <p>Keep it now: it is shown this once and stored nowhere.</p>
      <div className="secret">
        <code>{secret}</code>
        <Button size="small" onClick={() => void copy()}>
          <Copy size={15} />
          Copy
        </Button>
      </div>
      <footer>
        <Button kind="primary" onClick={onClose}>
          I have it
        </Button>
      </footer>
    </Dialog>
  );
}
