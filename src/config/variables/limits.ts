import { gateway, number } from "#config/variable.ts";

const large = Number.MAX_SAFE_INTEGER;

/** How much of everything. */
export const limits = {
  maxBodyBytes: number(gateway("MAX_BODY_BYTES"), {
    preset: 2 * 1024 * 1024,
    min: 1,
    max: large,
    meaning: "Largest JSON body",
  }),
  maxUploadBodyBytes: number(gateway("MAX_UPLOAD_BODY_BYTES"), {
    preset: 0,
    min: 0,
    max: large,
    meaning: "A further cap on every upload; 0: none",
  }),
  maxAttachmentBytes: number(gateway("MAX_ATTACHMENT_BYTES"), {
    preset: 26_214_400,
    min: 1,
    max: large,
    meaning: "Largest attachment",
  }),
  maxBundleBytes: number(gateway("MAX_BUNDLE_BYTES"), {
    preset: 78_643_200,
    min: 1,
    max: large,
    meaning: "Largest bundle",
  }),
  maxChatThreadBytes: number(gateway("MAX_CHAT_THREAD_BYTES"), {
    preset: 750_000,
    min: 1,
    max: large,
    meaning: "Largest conversation about a run that is kept",
  }),
  maxConcurrency: number(gateway("MAX_CONCURRENCY"), {
    preset: 512,
    min: 1,
    max: 1_000_000,
    meaning: "Requests at the same time",
  }),
  maxSse: number(gateway("MAX_SSE"), {
    preset: 4096,
    min: 1,
    max: 1_000_000,
    meaning: "Live streams at the same time",
  }),
  maxInlineBytes: number(["ABSTRACTRUNTIME_MAX_INLINE_BYTES"], {
    preset: 262_144,
    min: -large,
    max: large,
    meaning: "Larger values of a run become artifacts; 0 or less: none do",
  }),
};
