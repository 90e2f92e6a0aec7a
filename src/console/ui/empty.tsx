import type { LucideIcon } from "lucide-react";
import type { ReactNode } from "react";

/** Nothing is here yet, and what to do about it. */
export function Empty({ icon: Icon, title, children }: { icon: LucideIcon; title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <Icon size={26} strokeWidth={1.6} aria-hidden="true" />
      <strong>{title}</strong>
      {children}
    </div>
  );
}

export function Bones({ rows = 6 }: { rows?: number }) {
  return (
    <div className="bones" aria-busy="true" aria-label="Loading">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} className="bone" />
      ))}
    </div>
  );
}
