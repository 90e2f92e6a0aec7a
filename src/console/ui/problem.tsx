import { CircleAlert } from "lucide-react";
import type { ReactNode } from "react";

/** What went wrong, in the server's own words. */
export function Problem({ children }: { children: ReactNode }) {
  return (
    <div className="problem" role="alert">
      <CircleAlert size={16} aria-hidden="true" />
      <div>{children}</div>
    </div>
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
