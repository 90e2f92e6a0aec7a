/** The synthetic run that owns what belongs to a session as a whole. */
export function sessionMemoryRunId(sessionId: string): string {
  return /^[a-zA-Z0-9_-]+$/.test(sessionId)
    ? `session_memory_${sessionId}`
    : `session_memory_sha_${Bun.SHA256.hash(sessionId, "hex").slice(0, 32)}`;
}
