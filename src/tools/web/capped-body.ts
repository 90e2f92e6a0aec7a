import { PassThrough, Readable, type Transform, pipeline } from "node:stream";
import { createBrotliDecompress, createGunzip, createInflate } from "node:zlib";
import { AppError, messageOf } from "#core/errors.ts";

export interface CappedBody {
  body: Uint8Array;
  /** There was more than `maxBytes`. */
  truncated: boolean;
}

/** What `readCapped` can decompress, for the request. */
export const acceptEncoding = "gzip, deflate, br";

const decoderOf: Record<string, () => Transform> = {
  gzip: createGunzip,
  "x-gzip": createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
};

/** A server that packs a body again and again only wants to keep us busy. */
const maxEncodings = 3;

/**
 * The first `maxBytes` bytes of a body that `fetch` has left compressed, decompressed; the rest is not read and the connection ends.
 * AppError `unavailable` for a body that cannot be decompressed.
 */
export async function readCapped(
  response: Response,
  { maxBytes, signal }: { maxBytes: number; signal: AbortSignal },
): Promise<CappedBody> {
  if (!response.body) return { body: new Uint8Array(), truncated: false };
  const encodings = encodingsOf(response.headers.get("content-encoding") ?? "");
  const refusal = refusalOfEncodings(encodings);
  if (refusal !== null) {
    await response.body.cancel();
    throw new AppError("unavailable", `the server packed its body ${refusal}`);
  }
  const decoders = encodings.toReversed().map((name) => decoderOf[name]?.() ?? new PassThrough());
  const source = Readable.from(response.body as AsyncIterable<Uint8Array>, { objectMode: false, signal });
  // The last stream gets an error of any before it.
  const stream = decoders.reduce<Readable>((from, decoder) => pipeline(from, decoder, () => undefined), source);
  try {
    return await firstBytes(stream, maxBytes);
  } catch (error) {
    if (decoders.length === 0 || signal.aborted || !isDecoderError(error)) throw error;
    throw new AppError("unavailable", `the server sent a body that cannot be decompressed: ${messageOf(error)}`, {
      cause: error,
    });
  } finally {
    stream.destroy();
    source.destroy();
  }
}

async function firstBytes(stream: Readable, maxBytes: number): Promise<CappedBody> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let truncated = false;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    const room = maxBytes - size;
    chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
    size += Math.min(chunk.length, room);
    if (chunk.length > room) {
      truncated = true;
      break;
    }
  }
  return { body: Buffer.concat(chunks), truncated };
}

function encodingsOf(contentEncoding: string): string[] {
  const names = contentEncoding.toLowerCase().split(",");
  return names.map((name) => name.trim()).filter((name) => name !== "" && name !== "identity");
}

function refusalOfEncodings(names: string[]): string | null {
  if (names.length > maxEncodings) return `${names.length} times, which is refused`;
  const unknown = names.find((name) => !Object.hasOwn(decoderOf, name));
  return unknown === undefined ? null : `with "${unknown.slice(0, 40)}", which is unknown here`;
}

function isDecoderError(error: unknown): boolean {
  return error instanceof Error && "code" in error && /^(Z_|ERR_BROTLI|ERR__ERROR)/.test(String(error.code));
}
