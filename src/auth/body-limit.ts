/** Largest bodies, bytes. */
export interface BodyLimits {
  maxBodyBytes: number;
  /** Cap of all uploads; 0: no extra cap. */
  maxUploadBodyBytes: number;
  maxAttachmentBytes: number;
  maxBundleBytes: number;
  maxChatThreadBytes: number;
}

/** Form fields and part headers around an uploaded file. */
const multipartOverheadBytes = 2 * 1024 * 1024;

/** A flow with hundreds of nodes is larger than any other request. */
const maxFlowBytes = 16 * 1024 * 1024;

/** What two kinds of documents need, however small other bodies have to be; 0 for everything else. */
function needOf(path: string, { maxChatThreadBytes }: BodyLimits): number {
  if (/\/visualflows(?:\/[^/]+)?$/.test(path)) return maxFlowBytes;
  return path.endsWith("/chat_threads") ? 2 * maxChatThreadBytes : 0;
}

/** Most bytes that the body of a write to this path may have (contract 2.7). */
export function bodyLimitBytes(path: string, limits: BodyLimits): number {
  const base = /\/attachments\/(?:upload$|uploads\/)|^\/v1\/(?:audio\/transcriptions|images\/edits)$/.test(path)
    ? limits.maxAttachmentBytes + multipartOverheadBytes
    : path.endsWith("/bundles/upload") || path.endsWith("/workflow-catalog/upload")
      ? limits.maxBundleBytes + multipartOverheadBytes
      : null;
  if (base === null) return Math.max(limits.maxBodyBytes, needOf(path, limits));
  return limits.maxUploadBodyBytes > 0 ? Math.min(base, limits.maxUploadBodyBytes) : base;
}

export function tooLargeDetail(bytes: number, limitBytes: number): string {
  return `Payload Too Large (${bytes} bytes > ${limitBytes} bytes)`;
}
