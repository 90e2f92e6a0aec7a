import { Busboy, type BusboyFileStream, type BusboyInstance } from "@fastify/busboy";
import { AppError, messageOf } from "#core/errors.ts";
import { RequestIssues } from "#http/errors.ts";

/** A part of a form that is a file, as it comes in. */
export interface FilePart {
  filename: string;
  contentType: string;
  chunks: AsyncIterable<Uint8Array>;
  /** Fields that came before it. */
  fields: ReadonlyMap<string, string>;
}

export interface ReceiveOptions<T> {
  /** Name of the field that holds the file. */
  field: string;
  /** Takes the file. What it throws ends the request. */
  take: (part: FilePart) => Promise<T>;
  /** Undoes what `take` did, when the rest of the form turns out to be damaged. */
  undo: (taken: T) => Promise<void>;
}

/** Fields around the file: names and short texts. */
const limits = { fieldNameSize: 200, fieldSize: 64 * 1024, fields: 50, files: 1, parts: 60, headerPairs: 50 };

/**
 * Reads a multipart form whose file is taken as it comes: nothing of it is held in memory, and the client sends no faster than it is taken.
 * RequestIssues when the file is missing, AppError `invalid_request` for a form that is damaged or ends too early.
 */
export async function receiveForm<T>(
  request: Request,
  options: ReceiveOptions<T>,
): Promise<{ file: T; fields: Map<string, string> }> {
  const type = request.headers.get("content-type") ?? "";
  if (!/^multipart\/form-data\s*;/i.test(type) || !request.body) throw missingFile(options.field);
  const fields = new Map<string, string>();
  const parser = openParser(type);
  const file: { taken: Promise<T> | null; stream: BusboyFileStream | null } = { taken: null, stream: null };
  const failed = Promise.withResolvers<never>();
  parser.on("field", (name, value, nameCut, valueCut) => {
    if (nameCut || valueCut) failed.reject(new AppError("too_large", `The form field '${name}' is too long`));
    fields.set(name, value);
  });
  parser.on("file", (name, stream, ...about) => {
    const [filename, , contentType] = about;
    stream.on("error", () => undefined);
    if (name !== options.field || file.taken) return void stream.resume();
    file.stream = stream;
    file.taken = options.take({ filename: filename ?? "", contentType, chunks: chunksOf(stream), fields });
    file.taken.catch((error: unknown) => failed.reject(error));
  });
  const parsed = new Promise<void>((resolve, reject) => {
    parser.on("finish", resolve);
    parser.on("error", (error: unknown) => reject(damaged(error)));
  });
  const ended = Promise.race([parsed, failed.promise]);
  ended.catch(() => undefined);
  try {
    await Promise.race([failed.promise, feed(request.body, parser, ended)]);
    await parsed;
    if (!file.taken) throw fields.has(options.field) ? notAFile(options.field) : missingFile(options.field);
    return { file: await file.taken, fields };
  } catch (error) {
    // Whoever reads the file would wait for ever for a rest that does not come.
    file.stream?.destroy(new Error("the form ended"));
    parser.destroy();
    await undo(file.taken, options);
    throw error;
  }
}

async function undo<T>(taking: Promise<T> | null, options: ReceiveOptions<T>): Promise<void> {
  const taken = await taking?.then(
    (value) => ({ value }),
    () => null,
  );
  if (taken) await options.undo(taken.value);
}

function openParser(type: string): BusboyInstance {
  try {
    return new Busboy({ headers: { "content-type": type }, limits, highWaterMark: 1024 * 1024 });
  } catch (error) {
    throw damaged(error);
  }
}

/** Waits for the parser whenever it is full, which is what slows the client down. `ended`: nobody will take any more. */
async function feed(body: ReadableStream<Uint8Array>, parser: BusboyInstance, ended: Promise<void>): Promise<void> {
  try {
    for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
      if (!parser.write(chunk)) {
        await Promise.race([ended, new Promise<void>((resolve) => void parser.once("drain", resolve))]);
      }
    }
    parser.end();
  } catch (error) {
    throw error instanceof AppError ? error : damaged(error);
  }
}

/** A stream that is cut off in the middle of the file must not look like its end. */
async function* chunksOf(stream: BusboyFileStream): AsyncGenerator<Uint8Array> {
  // Not `for await`: leaving it early waits for the stream to close, which a form that is not at its end never does.
  const pieces = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  for (let next = await pieces.next(); !next.done; next = await pieces.next()) yield next.value;
  if (stream.truncated) throw new AppError("invalid_request", "The file was cut off");
}

function damaged(error: unknown): AppError {
  return new AppError("invalid_request", `The form cannot be read: ${messageOf(error)}`, { cause: error });
}

function missingFile(field: string): RequestIssues {
  return new RequestIssues([{ type: "missing", loc: ["body", field], msg: "Field required", input: null }]);
}

function notAFile(field: string): RequestIssues {
  const msg = "Value error, a file is expected";
  return new RequestIssues([{ type: "value_error", loc: ["body", field], msg, input: null }]);
}
