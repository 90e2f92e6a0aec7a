export function Brand() {
  return (
    <span className="brand">
      <svg width="26" height="26" viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="8" fill="var(--accent)" />
        <path
          d="M9 7v18M9 13c8 0 5 6 13 6"
          fill="none"
          stroke="var(--accent-ink)"
          strokeWidth="2.6"
          strokeLinecap="round"
        />
        <circle cx="9" cy="7" r="2.6" fill="var(--accent-ink)" />
        <circle cx="22" cy="19" r="2.6" fill="var(--accent-ink)" />
      </svg>
      AbstractGateway
    </span>
  );
}
