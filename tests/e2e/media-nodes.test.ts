import { afterAll, beforeAll, expect, test } from "bun:test";
import { archive, exec, flow } from "#fixtures/bundles.ts";
import { type Gateway, startGateway, token } from "#fixtures/gateway.ts";
import { readMp4, readPng, readWav } from "#fixtures/media-bytes.ts";
import { type MediaServer, startMediaServer } from "#fixtures/media-server.ts";

/* Every node of media in one flow, each with what the one before made. */
let server: MediaServer;
let gateway: Gateway;

beforeAll(async () => {
  server = startMediaServer();
  server.looks = 0;
  const models = {
    SPEECH: "tts-1",
    TRANSCRIPTION: "whisper-1",
    IMAGE: "painter",
    UPSCALE: "x2",
    VIDEO: "sora-2",
    MUSIC: "composer",
  };
  const defaults = Object.entries(models).map(([name, model]) => [`ABSTRACTGATEWAY_${name}_MODEL`, `studio/${model}`]);
  gateway = await startGateway({
    env: {
      ABSTRACTGATEWAY_PROBE_SERVERS: "0",
      ABSTRACTGATEWAY_OPENAI_ENDPOINTS: JSON.stringify([{ id: "studio", baseUrl: `${server.url}/v1` }]),
      ...Object.fromEntries(defaults),
    },
  });
});
afterAll(async () => {
  await gateway?.close();
  await server?.close();
});

const out = (...pins: string[]) => ({
  out: [...pins.map((pin) => `${pin}:artifact`), "success:boolean", "meta:object"],
});
const film = flow(
  "film",
  [
    exec("start", "on_flow_start"),
    exec("paint", "generate_image", {
      ...out("image_artifact"),
      in: ["prompt:string"],
      defaults: { prompt: "red", size: "6x4" },
    }),
    exec("edit", "edit_image", {
      ...out("image_artifact"),
      in: ["prompt:string", "image_artifact:artifact"],
      defaults: { prompt: "blue" },
    }),
    exec("grow", "upscale_image", { ...out("image_artifact"), in: ["image_artifact:artifact"] }),
    exec("shoot", "generate_video", { ...out("video_artifact"), in: ["prompt:string"], defaults: { prompt: "waves" } }),
    exec("move", "image_to_video", {
      ...out("video_artifact"),
      in: ["prompt:string", "image_artifact:artifact"],
      defaults: { prompt: "zoom" },
    }),
    exec("speak", "generate_voice", {
      ...out("audio_artifact"),
      in: ["text:string"],
      defaults: { text: "x".repeat(100) },
    }),
    exec("write", "transcribe_audio", { ...out("transcript_artifact"), in: ["audio_artifact:artifact"] }),
    exec("play", "generate_music", { ...out("music_artifact"), in: ["prompt:string"], defaults: { prompt: "calm" } }),
    exec("listen", "listen_voice", { out: ["audio_artifact:artifact", "text:string"] }),
    exec("end", "on_flow_end", {
      in: [
        "edited:artifact",
        "grown:artifact",
        "film:artifact",
        "moved:artifact",
        "said:string",
        "spoken:artifact",
        "music:artifact",
        "heard:string",
      ],
    }),
  ],
  [
    "start > paint",
    "paint > edit",
    "edit > grow",
    "grow > shoot",
    "shoot > move",
    "move > speak",
    "speak > write",
    "write > play",
    "play > listen",
    "listen > end",
    "paint.image_artifact -> edit.image_artifact",
    "edit.image_artifact -> grow.image_artifact",
    "grow.image_artifact -> move.image_artifact",
    "speak.audio_artifact -> write.audio_artifact",
    "edit.image_artifact -> end.edited",
    "grow.image_artifact -> end.grown",
    "shoot.video_artifact -> end.film",
    "move.video_artifact -> end.moved",
    "speak.audio_artifact -> end.spoken",
    "write.text -> end.said",
    "play.music_artifact -> end.music",
    "listen.text -> end.heard",
  ],
);

test("a flow paints, edits, enlarges, films, speaks, writes down, plays and listens", async () => {
  await gateway.upload("film", archive("film", [film]));
  const runId = await gateway.start("film", {}, { session_id: "s-film" });
  const waiting = await gateway.until(runId, "waiting");
  expect(waiting).toMatchObject({
    status: "waiting",
    error: null,
    waiting: { reason: "event", wait_key: "voice_input" },
  });
  await gateway.command(runId, "resume", { wait_key: "voice_input", payload: { text: "heard you" } });
  const run = await gateway.until(runId, "terminal");
  expect([run.status, run.error]).toEqual(["completed", null]);
  const records = await gateway.ledger(runId);
  const { output } = records.findLast((record) => record.result?.output !== undefined).result;
  const read = async (ref: any) => {
    const path = `${gateway.url}/api/gateway/runs/${runId}/artifacts/${ref.$artifact}/content`;
    return (await fetch(path, { headers: { authorization: `Bearer ${token}` } })).bytes();
  };
  expect(readPng(await read(output.edited))).toEqual({ width: 8, height: 8, color: [0, 0, 255] });
  expect(readPng(await read(output.grown))).toMatchObject({ width: 16, height: 16 });
  expect(readMp4(await read(output.film)).mark).toBe("waves");
  expect(readMp4(await read(output.moved)).mark).toMatch(/^zoom after \d+ bytes$/);
  expect(readWav(await read(output.spoken))).toEqual({ seconds: 1, hertz: 440 });
  expect(readWav(await read(output.music)).hertz).toBe(220);
  expect([output.said, output.heard]).toEqual(["16044 bytes in no language", "heard you"]);
  const { body: artifacts } = await gateway.get(`/runs/${runId}/artifacts`);
  expect(artifacts.items.map(({ filename, node_id }: any) => [node_id, filename]).sort()).toEqual([
    ["edit", "edited.png"],
    ["grow", "upscaled.png"],
    ["move", "video.mp4"],
    ["paint", "generated.png"],
    ["play", "music.wav"],
    ["shoot", "video.mp4"],
    ["speak", "tts.wav"],
    ["write", "transcript.txt"],
  ]);
  const painted = artifacts.items.find(({ node_id }: any) => node_id === "paint");
  expect(painted).toMatchObject({
    run_id: runId,
    session_id: "s-film",
    task: "image_generation",
    producer: { provider: "studio", model: "painter" },
  });
  const told = records.filter((record) => record.effect?.payload?.name === "abstract.progress");
  expect(told.map(({ node_id }) => node_id)).toEqual(expect.arrayContaining(["paint", "shoot", "play"]));
});

test("a node whose provider nobody has says which there are", async () => {
  const data = { effectConfig: { image_provider: "atelier", image_model: "x" } };
  const nobody = flow(
    "nobody",
    [
      exec("start", "on_flow_start"),
      exec("paint", "generate_image", { in: ["prompt:string"], defaults: { prompt: "x" }, data }),
      exec("end", "on_flow_end"),
    ],
    ["start > paint", "paint > end"],
  );
  await gateway.upload("nobody", archive("nobody", [nobody]));
  const run = await gateway.until(await gateway.start("nobody"), "terminal");
  expect([run.status, run.error]).toEqual(["failed", expect.stringMatching(/atelier.*studio/s)]);
});
