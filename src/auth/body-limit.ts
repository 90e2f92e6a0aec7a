/** Largest bodies, bytes. */
export interface BodyLimits {
  maxBodyBytes: number;
  /** Cap of all uploads; 0: no extra cap. */
  maxUploadBodyBytes: number;
  maxAttachmentBytes: number;
  maxBundleBytes: number;
}

/** Form fields and part headers around an uploaded file. */
const multipartOverheadBytes = 2 * 1024 * 1024;

/** Most bytes that the body of a write to this path may have (contract 2.7). */
export function bodyLimitBytes(path: string, limits: BodyLimits): number {
  const base = /\/attachments\/(?:upload$|uploads\/)/.test(path)
    ? limits.maxAttachmentBytes + multipartOverheadBytes
    : path.endsWith("/bundles/upload") || path.endsWith("/workflow-catalog/upload")
      ? limits.maxBundleBytes + multipartOverheadBytes
      : null;
  if (base === null) return limits.maxBodyBytes;
  return limits.maxUploadBodyBytes > 0 ? Math.min(base, limits.maxUploadBodyBytes) : base;
}

export function tooLargeDetail(bytes: number, limitBytes: number): string {
  return `Payload Too Large (${bytes} bytes > ${limitBytes} bytes)`;
}
