import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import { newHexId } from "#core/ids.ts";
import { type Clock, isoTime } from "#core/time.ts";
import { isObject } from "#core/value.ts";
import type { Bloc, LoadedName } from "#models/blocs/bloc.ts";

export interface NewBloc {
  path: string;
  content: string;
  sha256?: string | null | undefined;
  content_sha256?: string | null | undefined;
  media_type?: string | undefined;
  size_bytes?: number | null | undefined;
  mtime_ns?: number | null | undefined;
  format?: string | null | undefined;
  estimated_tokens?: number | null | undefined;
  relpath_base?: string | null | undefined;
  summary?: string | null | undefined;
  keywords?: string[] | null | undefined;
}

export interface BlocName {
  sha256?: string | null | undefined;
  bloc_id?: number | null | undefined;
}

/** The blocs of one runtime. */
export interface Blocs {
  readonly runtimeId: string;
  /** The same `sha256` is the same bloc, with new fields. AppError `invalid_request` for a digest that is none or of another text. */
  upsert(bloc: NewBloc): Promise<{ bloc: Bloc; created: boolean }>;
  /** By number. */
  list(): Promise<Bloc[]>;
  /** By either name; both must mean the same. Null when there is none. */
  find(name: BlocName): Promise<Bloc | null>;
  /** AppError `gone` when its file is not there any more. */
  content(bloc: Bloc): Promise<string>;
  setLoaded(bloc: Bloc, loaded: LoadedName[]): Promise<void>;
  delete(bloc: Bloc): Promise<void>;
}

export interface BlocStore {
  of(runtimeId: string): Blocs;
}

const maxContentBytes = 16 * 1024 * 1024;
const digest = /^[0-9a-f]{64}$/;

/** Blocs as files: `<sha256>.json` says what `<sha256>.txt` is, and is written after it. A number is a file that was made by nobody else. */
export function createBlocStore(folder: string, now: Clock): BlocStore {
  return { of: (runtimeId) => new BlocFolder(join(folder, folderName(runtimeId)), { runtimeId, now }) };
}

class BlocFolder implements Blocs {
  readonly runtimeId: string;
  #folder: string;
  #now: Clock;

  constructor(folder: string, { runtimeId, now }: { runtimeId: string; now: Clock }) {
    this.runtimeId = runtimeId;
    this.#folder = folder;
    this.#now = now;
  }

  async upsert(given: NewBloc): Promise<{ bloc: Bloc; created: boolean }> {
    const { content } = given;
    const { contentHash, sha256 } = digestsOf(given);
    const sizeBytes = Buffer.byteLength(content);
    if (content.trim() === "") throw new AppError("invalid_request", "content is empty");
    if (sizeBytes > maxContentBytes) {
      throw new AppError("invalid_request", `content has ${sizeBytes} bytes; a bloc holds ${maxContentBytes}`);
    }
    const known = await this.find({ sha256 });
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const at = isoTime(this.#now());
    const bloc: Bloc = {
      bloc_id: known?.bloc_id ?? (await this.#claimNumber(sha256)),
      sha256,
      content_sha256: contentHash,
      path: given.path,
      runtime_id: this.runtimeId,
      media_type: given.media_type ?? "text",
      size_bytes: given.size_bytes ?? sizeBytes,
      mtime_ns: given.mtime_ns ?? null,
      format: given.format ?? null,
      estimated_tokens: given.estimated_tokens ?? Math.ceil(content.length / 4),
      relpath_base: given.relpath_base ?? null,
      summary: given.summary ?? null,
      keywords: given.keywords ?? [],
      created_at: known?.created_at ?? at,
      updated_at: at,
      loaded: known?.content_sha256 === contentHash ? known.loaded : [],
    };
    await this.#replace(`${sha256}.txt`, content);
    await this.#replace(`${sha256}.json`, JSON.stringify(bloc));
    return { bloc, created: known === null };
  }

  async list(): Promise<Bloc[]> {
    const names = (await readdir(this.#folder).catch(() => [])).filter((name) => name.endsWith(".json"));
    const blocs = await Promise.all(names.map((name) => this.#read(name.slice(0, -".json".length))));
    return blocs.filter((bloc) => bloc !== null).sort((a, b) => a.bloc_id - b.bloc_id);
  }

  async find({ sha256, bloc_id: id }: BlocName): Promise<Bloc | null> {
    const named = sha256 ? await this.#read(sha256.trim().toLowerCase()) : null;
    if (sha256) return named && (typeof id !== "number" || named.bloc_id === id) ? named : null;
    return typeof id === "number" ? ((await this.list()).find((bloc) => bloc.bloc_id === id) ?? null) : null;
  }

  async content({ sha256, path }: Bloc): Promise<string> {
    const text = await readFile(join(this.#folder, `${sha256}.txt`), "utf8").catch(() => null);
    if (text === null) throw new AppError("gone", `The text of the bloc '${path}' is missing`);
    return text;
  }

  async setLoaded(bloc: Bloc, loaded: LoadedName[]): Promise<void> {
    await this.#replace(`${bloc.sha256}.json`, JSON.stringify({ ...bloc, loaded }));
  }

  async delete({ sha256 }: Bloc): Promise<void> {
    await rm(join(this.#folder, `${sha256}.json`), { force: true });
    await rm(join(this.#folder, `${sha256}.txt`), { force: true });
  }

  async #read(sha256: string): Promise<Bloc | null> {
    if (!digest.test(sha256)) return null;
    const text = await readFile(join(this.#folder, `${sha256}.json`), "utf8").catch(() => null);
    try {
      const value: unknown = text === null ? null : JSON.parse(text);
      return isObject(value) && typeof value["bloc_id"] === "number" ? (value as unknown as Bloc) : null;
    } catch {
      return null;
    }
  }

  /** Files of numbers stay when their bloc goes: a number in somebody's notes must not mean another text one day. */
  async #claimNumber(sha256: string): Promise<number> {
    const names = await readdir(this.#folder);
    const taken = names.flatMap((name) => (/^\d+\.id$/.test(name) ? [Number.parseInt(name, 10)] : []));
    for (let number = Math.max(0, ...taken) + 1; ; number++) {
      try {
        await writeFile(join(this.#folder, `${number}.id`), sha256, { flag: "wx" });
        return number;
      } catch (error) {
        if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
      }
    }
  }

  async #replace(name: string, text: string): Promise<void> {
    const temporary = join(this.#folder, `${newHexId()}.tmp`);
    try {
      await writeFile(temporary, text, { mode: 0o600, flush: true });
      await rename(temporary, join(this.#folder, name));
    } finally {
      await rm(temporary, { force: true });
    }
  }
}

function digestsOf({ content, sha256, content_sha256: said }: NewBloc): { contentHash: string; sha256: string } {
  const contentHash = createHash("sha256").update(content).digest("hex");
  for (const [name, value] of Object.entries({ sha256, content_sha256: said })) {
    if (value && !digest.test(value.trim().toLowerCase())) {
      throw new AppError("invalid_request", `${name} is no SHA-256: 64 hexadecimal digits`);
    }
  }
  if (said && said.trim().toLowerCase() !== contentHash) {
    throw new AppError("invalid_request", `content_sha256 is of another text: this one's is ${contentHash}`);
  }
  return { contentHash, sha256: sha256?.trim().toLowerCase() || contentHash };
}

function folderName(runtimeId: string): string {
  return /^[A-Za-z0-9_-]{1,80}$/.test(runtimeId)
    ? runtimeId
    : `sha-${createHash("sha256").update(runtimeId).digest("hex").slice(0, 32)}`;
}
