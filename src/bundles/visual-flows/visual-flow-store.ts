import { mkdir, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "#core/errors.ts";
import type { NewId } from "#core/ids.ts";
import { type Clock, isoTime } from "#core/time.ts";
import { type Value, isObject } from "#core/value.ts";
import { errnoOf, removeDurably, storageError, writeDurably } from "#bundles/durable-file.ts";
import { shown } from "#bundles/entry-path.ts";
import { parseDocument } from "#bundles/json-document.ts";
import { type VisualFlow, type VisualFlowFields, checkVisualFlow } from "#bundles/visual-flows/visual-flow.ts";

/** The flows that an editor works on: one JSON file each, in a folder of their owner. */
export interface VisualFlowStore {
  /** By file name. What cannot be read is passed over. */
  list(): Promise<VisualFlow[]>;
  /** AppErrors `invalid_request` (no id that a file could have), `not_found`. */
  read(id: string): Promise<VisualFlow>;
  /** AppErrors `invalid_request` with the reason, `storage`. */
  create(fields: VisualFlowFields): Promise<VisualFlow>;
  /**
   * Fields that are absent stay. With `ifUpdatedAt`, AppError `conflict` when somebody else has saved meanwhile. Other AppErrors as for
   * `read` and `create`.
   */
  update(id: string, changes: Partial<VisualFlowFields>, ifUpdatedAt?: string): Promise<VisualFlow>;
  remove(id: string): Promise<void>;
}

export interface VisualFlowStoreOptions {
  /** Made when the first flow is saved. */
  folder: string;
  now: Clock;
  newId: NewId;
}

export function createVisualFlowStore({ folder, now, newId }: VisualFlowStoreOptions): VisualFlowStore {
  let last: Promise<unknown> = Promise.resolve();
  /** One change after the other, so that none is lost between reading and writing. */
  const serialised = <T>(change: () => Promise<T>): Promise<T> => {
    const next = last.then(change, change);
    last = next.catch(() => undefined);
    return next;
  };
  const write = async (flow: VisualFlow): Promise<VisualFlow> => {
    checkVisualFlow(flow);
    await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
      throw storageError(`use the folder ${folder}`, cause);
    });
    await writeDurably(fileOf(folder, flow.id), `${JSON.stringify(flow, null, 2)}\n`);
    return flow;
  };
  return {
    async list() {
      const names = (await namesIn(folder)).filter((name) => isFlowFile(name)).sort();
      const flows = await Promise.all(
        names.map((name) => readFlowFile(folder, name.slice(0, -extension.length)).catch(() => null)),
      );
      return flows.filter((flow) => flow !== null);
    },
    async read(id) {
      return requireFlow(folder, id);
    },
    create: (fields) =>
      serialised(async () => {
        const taken = new Set(await namesIn(folder));
        let id = shortId(newId);
        while (taken.has(id + extension)) id = shortId(newId);
        const time = isoTime(now());
        const { name, description, interfaces, nodes, edges, entryNode } = fields;
        const content = { name, description, interfaces, nodes, edges, entryNode };
        return write({ id, ...content, created_at: time, updated_at: time });
      }),
    update: (id, changes, ifUpdatedAt) =>
      serialised(async () => {
        const flow = await requireFlow(folder, id);
        if (ifUpdatedAt !== undefined && ifUpdatedAt !== flow.updated_at) {
          throw new AppError("conflict", `Flow '${id}' was saved by somebody else at ${flow.updated_at}`);
        }
        return write({ ...flow, ...changes, id, updated_at: isoTime(now()) });
      }),
    remove: (id) =>
      serialised(async () => {
        await requireFlow(folder, id);
        await removeDurably(fileOf(folder, id));
      }),
  };
}

const extension = ".json";
const idForm = /^[A-Za-z0-9_-]{1,128}$/;

function isFlowFile(name: string): boolean {
  return name.endsWith(extension) && idForm.test(name.slice(0, -extension.length));
}

function fileOf(folder: string, id: string): string {
  return join(folder, id + extension);
}

/** Eight characters, as the editor knows them. */
function shortId(newId: NewId): string {
  return newId().replaceAll("-", "").slice(0, 8);
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (cause) {
    if (errnoOf(cause) === "ENOENT") return [];
    throw storageError(`read the folder ${folder}`, cause);
  }
}

async function requireFlow(folder: string, id: string): Promise<VisualFlow> {
  if (!idForm.test(id)) throw new AppError("invalid_request", `${shown(id)} is not a flow id`);
  const flow = await readFlowFile(folder, id);
  if (!flow) throw new AppError("not_found", `Flow '${id}' not found`);
  return flow;
}

/** Null when there is no such file. AppErrors `storage`, `invalid_request` for a file that holds no flow. */
async function readFlowFile(folder: string, id: string): Promise<VisualFlow | null> {
  const path = fileOf(folder, id);
  const bytes = await readFile(path).catch((cause: unknown) => {
    if (errnoOf(cause) === "ENOENT") return null;
    throw storageError(`read ${path}`, cause);
  });
  return bytes && flowOf(parseDocument(bytes, `The file of flow '${id}'`), id);
}

/** The file's name is the id, whatever the file says: it is what routes find it by. */
function flowOf(document: Value, id: string): VisualFlow {
  if (!isObject(document)) throw new AppError("invalid_request", `The file of flow '${id}' holds no flow`);
  const { name, description, interfaces, nodes, edges, entryNode, created_at, updated_at } = document;
  return {
    ...document,
    id,
    name: textOr(name, id),
    description: textOr(description, ""),
    interfaces: listOf(interfaces).filter((each) => typeof each === "string"),
    nodes: listOf(nodes).filter((each) => isObject(each)),
    edges: listOf(edges).filter((each) => isObject(each)),
    entryNode: typeof entryNode === "string" ? entryNode : null,
    created_at: textOr(created_at, ""),
    updated_at: textOr(updated_at, ""),
  };
}

function textOr(value: Value | undefined, other: string): string {
  return typeof value === "string" && value !== "" ? value : other;
}

function listOf(value: Value | undefined): Value[] {
  return Array.isArray(value) ? value : [];
}
