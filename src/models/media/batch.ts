import { AppError } from "#core/errors.ts";
import { type Value, numberOf } from "#core/value.ts";
import type {
  MadeFile,
  MakeMedia,
  MediaCallOptions,
  MediaRequest,
  MediaResult,
  SingleRequest,
} from "#models/media/media.ts";

const maxCount = 64;

/** Carries out a batch: one call for each seed, or one for all where nobody names seeds. */
export async function makeBatch(
  make: MakeMedia,
  request: MediaRequest,
  options: MediaCallOptions & { perCall: number },
): Promise<MediaResult> {
  const calls = split(request, options.perCall);
  const files: MadeFile[] = [];
  const warnings = new Set<string>();
  let text: string | null = null;
  let done = 0;
  for (const call of calls) {
    const made = await make({ ...request, ...call }, options);
    files.push(...made.files.map((bytes) => ({ bytes, seed: call.seed })));
    text = made.text ?? text;
    for (const warning of made.warnings ?? []) warnings.add(warning);
    done++;
    const message = calls.length > 1 ? `${done} of ${calls.length} done` : "done";
    options.onProgress?.({ phase: "generating", progress: done / calls.length, message });
  }
  return { files, text, warnings: [...warnings] };
}

type Call = Pick<SingleRequest, "count" | "seed">;

/** `seeds` say how many there are when `count` does not; a `seed` counts up over a batch. */
function split({ options }: MediaRequest, perCall: number): Call[] {
  const seeds = seedsIn(options["seeds"]);
  const count = numberOf(options["count"]) ?? (seeds.length > 0 ? seeds.length : 1);
  if (!Number.isInteger(count) || count < 1 || count > maxCount) {
    throw new AppError("invalid_request", `count must be a whole number from 1 to ${maxCount}`);
  }
  if (seeds.length > 0 && seeds.length !== count) {
    throw new AppError("invalid_request", `There are ${seeds.length} seeds for ${count} outputs`);
  }
  if (seeds.length > 0) return seeds.map((seed) => ({ count: 1, seed }));
  const seed = numberOf(options["seed"]);
  if (seed !== null && seed >= 0)
    return Array.from({ length: count }, (_, index) => ({ count: 1, seed: seed + index }));
  const calls: Call[] = [];
  for (let left = count; left > 0; left -= perCall) calls.push({ count: Math.min(perCall, left), seed: null });
  return calls;
}

function seedsIn(value: Value | undefined): number[] {
  if (value === undefined || value === null || value === "") return [];
  const seeds = Array.isArray(value) ? value.map(numberOf) : [null];
  if (seeds.length > maxCount || seeds.some((seed) => seed === null || !Number.isSafeInteger(seed))) {
    throw new AppError("invalid_request", `seeds must be a list of at most ${maxCount} whole numbers`);
  }
  return seeds as number[];
}
