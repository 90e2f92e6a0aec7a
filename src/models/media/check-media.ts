import { imageSize } from "image-size";
import { AppError } from "#core/errors.ts";
import type { MediaTask } from "#core/media.ts";
import type { JsonObject } from "#core/value.ts";

export type Family = "image" | "audio" | "video";

/** What comes out of each task, or goes into a transcription. */
export const mediaFamilies: Record<MediaTask, Family> = {
  tts: "audio",
  stt: "audio",
  text_to_image: "image",
  image_to_image: "image",
  image_upscale: "image",
  text_to_video: "video",
  image_to_video: "video",
  text_to_music: "audio",
};

export interface CheckedMedia {
  contentType: string;
  /** Ending of its file. */
  format: string;
  /** Width and height of an image. */
  facts: JsonObject;
}

/** A picture of more pixels is a bomb: nobody asked for it, and showing it would take gigabytes. */
const maxPixels = 8192 * 8192;

/** Whose the bytes are, and what it means when they are no good. */
export interface Origin {
  /** Begins the sentence, such as `What openai sent`. */
  subject: string;
  code: "unavailable" | "invalid_request";
}

/** What bytes really are. AppError of the origin's code when they are nothing of the family, cut off or absurd. */
export function checkMedia(family: Family, bytes: Uint8Array, { subject, code }: Origin): CheckedMedia {
  const found = forms.find((form) => form.family === family && form.matches(bytes));
  if (!found) throw new AppError(code, `${subject} is ${looksLike(bytes)} and not ${wordsOf[family]}`);
  if (!found.isWhole(bytes)) throw new AppError(code, `${subject} is ${wordsOf[family]} that is cut off`);
  const { contentType, format } = found;
  return { contentType, format, facts: family === "image" ? imageFacts(bytes, { subject, code }) : {} };
}

const wordsOf: Record<Family, string> = { image: "an image", audio: "a recording", video: "a video" };

function imageFacts(bytes: Uint8Array, { subject, code }: Origin): JsonObject {
  let size: { width: number; height: number };
  try {
    size = imageSize(bytes);
  } catch (cause) {
    throw new AppError(code, `${subject} is an image that cannot be read`, { cause });
  }
  const { width, height } = size;
  if (!(width > 0 && height > 0) || width * height > maxPixels) {
    throw new AppError(code, `${subject} is an image of ${width} × ${height} pixels, more than anybody can show`);
  }
  return { width, height };
}

interface Form {
  family: Family;
  contentType: string;
  format: string;
  matches: (bytes: Uint8Array) => boolean;
  isWhole: (bytes: Uint8Array) => boolean;
}

const latin = (bytes: Uint8Array, start: number, end: number) =>
  Buffer.from(bytes.subarray(start, end)).toString("latin1");
const at =
  (text: string, offset = 0) =>
  (bytes: Uint8Array) =>
    latin(bytes, offset, offset + text.length) === text;
const always = () => true;
const endsWith = (text: string, within: number) => (bytes: Uint8Array) =>
  latin(bytes, Math.max(0, bytes.length - within), bytes.length).includes(text);

/** A length that nobody has: what speakers write into the head of a recording that they stream. */
const openLength = 0x7fff0000;

/** RIFF says its length; streamed recordings leave it open. */
function isWholeRiff(bytes: Uint8Array): boolean {
  const said = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).readUInt32LE(4);
  return said === 0 || said >= openLength || said + 8 <= bytes.length;
}

/** A film of ISO's form is a row of boxes with their lengths. */
function isWholeMp4(bytes: Uint8Array): boolean {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let offset = 0;
  while (offset + 8 <= view.length) {
    const short = view.readUInt32BE(offset);
    if (short === 0) return true;
    if (short === 1 && offset + 16 > view.length) return false;
    const length = short === 1 ? Number(view.readBigUInt64BE(offset + 8)) : short;
    if (length < 8) return false;
    offset += length;
  }
  return offset === view.length;
}

function isMp3(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes;
  return latin(bytes, 0, 3) === "ID3" || (first === 0xff && (second & 0xe0) === 0xe0 && (second & 0x06) !== 0);
}

const forms: readonly Form[] = [
  {
    family: "image",
    contentType: "image/png",
    format: "png",
    matches: at("\u0089PNG\r\n\u001a\n"),
    isWhole: endsWith("IEND", 64),
  },
  {
    family: "image",
    contentType: "image/jpeg",
    format: "jpg",
    matches: at("\u00ff\u00d8\u00ff"),
    isWhole: endsWith("\u00ff\u00d9", 1024),
  },
  {
    family: "image",
    contentType: "image/webp",
    format: "webp",
    matches: (bytes) => at("RIFF")(bytes) && at("WEBP", 8)(bytes),
    isWhole: isWholeRiff,
  },
  { family: "image", contentType: "image/gif", format: "gif", matches: at("GIF8"), isWhole: endsWith(";", 16) },
  {
    family: "audio",
    contentType: "audio/wav",
    format: "wav",
    matches: (bytes) => at("RIFF")(bytes) && at("WAVE", 8)(bytes),
    isWhole: isWholeRiff,
  },
  { family: "audio", contentType: "audio/flac", format: "flac", matches: at("fLaC"), isWhole: always },
  { family: "audio", contentType: "audio/ogg", format: "ogg", matches: at("OggS"), isWhole: always },
  { family: "audio", contentType: "audio/mp4", format: "m4a", matches: at("ftyp", 4), isWhole: isWholeMp4 },
  {
    family: "audio",
    contentType: "audio/aac",
    format: "aac",
    matches: (bytes) => bytes[0] === 0xff && ((bytes[1] ?? 0) & 0xf6) === 0xf0,
    isWhole: always,
  },
  { family: "audio", contentType: "audio/webm", format: "webm", matches: at("\u001aE\u00df\u00a3"), isWhole: always },
  { family: "audio", contentType: "audio/mpeg", format: "mp3", matches: isMp3, isWhole: always },
  { family: "video", contentType: "video/mp4", format: "mp4", matches: at("ftyp", 4), isWhole: isWholeMp4 },
  { family: "video", contentType: "video/webm", format: "webm", matches: at("\u001aE\u00df\u00a3"), isWhole: always },
];

function looksLike(bytes: Uint8Array): string {
  if (bytes.length === 0) return "nothing";
  const text = latin(bytes, 0, 256).trimStart().toLowerCase();
  if (text.startsWith("<!doctype") || text.startsWith("<html")) return "a web page";
  if (text.startsWith("{") || text.startsWith("[")) return "JSON";
  return "something else";
}
