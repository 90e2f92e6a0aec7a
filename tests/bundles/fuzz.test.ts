import { expect, test } from "bun:test";
import { packFiles } from "#bundles/pack-files.ts";
import { readBundle } from "#bundles/read-bundle.ts";
import { AppError } from "#core/errors.ts";
import { archive, edges, exec, flow } from "#fixtures/bundles.ts";
import { random } from "./raw-zip.ts";

const sample = archive("fuzz", [
  {
    ...flow("main", [exec("start", "on_flow_start"), exec("call", "subflow", { data: { subflowId: "other" } })], []),
    edges: edges("start > call"),
  },
  flow("other", [exec("start", "on_flow_start"), exec("agent", "agent")], ["start > agent"]),
]);
// Interesting numbers for 16- and 32-bit fields, and signatures of the format.
const edgesOfRange = [
  0, 1, 0x7f, 0x80, 0xff, 0xffff, 0x7fffffff, 0xffffffff, 0x04034b50, 0x02014b50, 0x06054b50, 0x07064b50,
];

function mutate(bytes: Uint8Array, pick: (below: number) => number): Uint8Array {
  if (bytes.length < 8) return bytes;
  const out = Buffer.from(bytes);
  const at = () => pick(Math.max(1, out.length - 4));
  switch (pick(7)) {
    case 0:
      out[at()]! ^= 1 << pick(8);
      return out;
    case 1:
      out[at()] = pick(256);
      return out;
    case 2:
      out.writeUInt32LE(edgesOfRange[pick(edgesOfRange.length)] ?? 0, at());
      return out;
    case 3:
      out.writeUInt16LE((edgesOfRange[pick(edgesOfRange.length)] ?? 0) & 0xffff, at());
      return out;
    case 4:
      return out.subarray(0, pick(out.length));
    case 5: {
      const from = at();
      return Buffer.concat([out.subarray(0, from), out.subarray(from + pick(40))]);
    }
    default: {
      const from = at();
      const piece = out.subarray(from, from + pick(60));
      const to = at();
      return Buffer.concat([out.subarray(0, to), piece, out.subarray(to)]);
    }
  }
}

test("10,000 mutated archives are each a bundle or an AppError, never anything else", () => {
  const pick = random(20_261_123);
  const seen = { sound: 0, refused: 0 };
  const reasons = new Set<string>();
  for (let round = 0; round < 10_000; round++) {
    let bytes: Uint8Array = sample;
    for (let times = 1 + pick(3); times > 0; times--) bytes = mutate(bytes, pick);
    try {
      const bundle = readBundle(bytes);
      expect(bundle.manifest.bundle_format_version).toBe("1");
      expect(Object.keys(bundle.flows).length).toBeGreaterThan(0);
      seen.sound++;
    } catch (error) {
      if (!(error instanceof AppError)) throw new Error(`round ${round}`, { cause: error });
      expect(["invalid_request", "too_large"]).toContain(error.code);
      seen.refused++;
      reasons.add(error.message.replace(/'[^']*'|\d+/g, "…"));
    }
  }
  expect(seen.refused).toBeGreaterThan(5000);
  expect(seen.sound).toBeGreaterThan(0);
  expect(reasons.size).toBeGreaterThan(15);
}, 120_000);

test("1,000 mutated documents inside a sound archive are each a bundle or an AppError", () => {
  const pick = random(7);
  const text = JSON.stringify(
    flow("main", [exec("start", "on_flow_start"), exec("end", "on_flow_end")], ["start > end"]),
  );
  const manifest = JSON.stringify(
    readBundle(archive("fuzz", [flow("main", [exec("start", "on_flow_start")], [])])).manifest,
  );
  let refused = 0;
  const scraps = ["null", "[]", "{}", "1e999", '"\\ud800"', "-0.0", "5.0", ",", '"__proto__"', "[[[[", "\u0000"];
  for (let round = 0; round < 1000; round++) {
    const at = pick(text.length);
    const broken = text.slice(0, at) + (scraps[pick(scraps.length)] ?? "") + text.slice(at + pick(20));
    const files = new Map([
      ["manifest.json", new TextEncoder().encode(manifest)],
      ["flows/main.json", new TextEncoder().encode(broken)],
    ]);
    try {
      readBundle(packFiles(files));
    } catch (error) {
      if (!(error instanceof AppError)) throw new Error(broken, { cause: error });
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(100);
  expect(refused).toBeLessThan(1000);
});
