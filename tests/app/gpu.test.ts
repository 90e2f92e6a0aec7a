import { expect, test } from "bun:test";
import { createGpuProbe, parseIoreg, parseNvidia } from "#app/telemetry/gpu.ts";

const now = () => Date.UTC(2026, 10, 24);

test("two cards of nvidia-smi, with the mean of their load", async () => {
  const probe = createGpuProbe("nvidia-smi", now, async () => "0, NVIDIA H200, 37\n1, NVIDIA H200, 12\n");
  expect(await probe()).toEqual({
    ts: "2026-11-24T00:00:00.000000+00:00",
    supported: true,
    source: "nvidia-smi",
    utilization_gpu_pct: 24.5,
    gpus: [
      { index: 0, name: "NVIDIA H200", utilization_gpu_pct: 37 },
      { index: 1, name: "NVIDIA H200", utilization_gpu_pct: 12 },
    ],
  });
});

test("a card that cannot tell its load, and an empty answer, are no cards", () => {
  expect(parseNvidia("0, NVIDIA A100 MIG, [N/A]\n\nnonsense\n")).toEqual([]);
  expect(parseIoreg("")).toEqual([]);
});

test("Apple's registry names the card and its load", () => {
  const text = `+-o AGXAcceleratorG14G  <class AGXAcceleratorG14G>
    {
      "model" = "Apple M2"
      "PerformanceStatistics" = {"In use system memory"=1,"Device Utilization %"=41,"Tiler Utilization %"=3}
    }
`;
  expect(parseIoreg(text)).toEqual([{ index: 0, name: "Apple M2", utilization_gpu_pct: 41 }]);
});

test("no program, a program that fails, and measuring switched off are reasons, not errors", async () => {
  const missing = Object.assign(new Error("spawn nvidia-smi"), { code: "ENOENT" });
  const reason = async (source: "off" | "nvidia-smi", run: () => Promise<string>) => {
    const reading = await createGpuProbe(source, now, run)();
    return reading.supported ? null : reading.reason;
  };
  expect(await reason("nvidia-smi", () => Promise.reject(missing))).toBe("nvidia-smi not available");
  expect(await reason("nvidia-smi", () => Promise.reject(new Error("it ended with 9")))).toBe(
    "nvidia-smi: it ended with 9",
  );
  expect(await reason("nvidia-smi", async () => "")).toBe("nvidia-smi reports no graphics card");
  expect(await reason("off", () => Promise.reject(new Error("must not be called")))).toBe("disabled");
});

test("a program that is not there is a reason through the real thing too", async () => {
  const reading = await createGpuProbe(process.platform === "darwin" ? "nvidia-smi" : "ioreg", now)();
  expect(reading).toMatchObject({ supported: false });
});

test("within half a second the program is asked once", async () => {
  let ms = 0;
  let calls = 0;
  const probe = createGpuProbe(
    "nvidia-smi",
    () => ms,
    async () => `0, card, ${++calls}`,
  );
  await Promise.all([probe(), probe()]);
  ms = 499;
  await probe();
  expect(calls).toBe(1);
  ms = 500;
  await probe();
  expect(calls).toBe(2);
});
