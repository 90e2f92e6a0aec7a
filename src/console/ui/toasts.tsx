import { type ReactNode, createContext, useCallback, useContext, useState } from "react";

interface Toast {
  id: number;
  text: string;
  isBad: boolean;
}

type Tell = (text: string, options?: { isBad?: boolean }) => void;

const ToastContext = createContext<Tell>(() => undefined);
const shownMs = 5000;

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<Toast[]>([]);
  const tell = useCallback<Tell>((text, { isBad = false } = {}) => {
    const id = Math.random();
    setToasts((before) => [...before.slice(-2), { id, text, isBad }]);
    setTimeout(() => setToasts((before) => before.filter((toast) => toast.id !== id)), shownMs);
  }, []);
  return (
    <ToastContext value={tell}>
      {children}
      <div className="toasts" role="status" aria-live="polite">
        {toasts.map(({ id, text, isBad }) => (
          <div key={id} className={isBad ? "toast bad" : "toast"}>
            {text}
          </div>
        ))}
      </div>
    </ToastContext>
  );
}

/** Says something for a few seconds. */
export function useTell(): Tell {
  return useContext(ToastContext);
}
