import { createOpenAI } from "@ai-sdk/openai";
import { generateImage, generateSpeech, transcribe } from "ai";
import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Gateway, startGateway, token } from "#fixtures/gateway.ts";
import { png, readMp3, readPng, readWav, wav } from "#fixtures/media-bytes.ts";
import { type MediaServer, startMediaServer } from "#fixtures/media-server.ts";

/* A client of OpenAI's API, the AI SDK's, asks the gateway for media as it would any other server. */
let server: MediaServer;
let gateway: Gateway;
let client: ReturnType<typeof createOpenAI>;

beforeAll(async () => {
  server = startMediaServer();
  gateway = await startGateway({
    env: {
      ABSTRACTGATEWAY_PROBE_SERVERS: "0",
      ABSTRACTGATEWAY_OPENAI_ENDPOINTS: JSON.stringify([{ id: "studio", baseUrl: `${server.url}/v1` }]),
      ABSTRACTGATEWAY_SPEECH_MODEL: "studio/tts-1",
      ABSTRACTGATEWAY_TRANSCRIPTION_MODEL: "studio/whisper-1",
    },
  });
  client = createOpenAI({ baseURL: `${gateway.url}/v1`, apiKey: token });
});
afterAll(async () => {
  await gateway?.close();
  await server?.close();
});

const ask = (path: string, init: RequestInit) =>
  fetch(`${gateway.url}/v1${path}`, {
    method: "POST",
    ...init,
    headers: { authorization: `Bearer ${token}`, ...init.headers },
  });
const json = (path: string, body: object) =>
  ask(path, { body: JSON.stringify(body), headers: { "content-type": "application/json" } });

test("speech in the format that was asked for", async () => {
  const { audio } = await generateSpeech({ model: client.speech("studio/tts-1"), text: "four", outputFormat: "mp3" });
  expect(readMp3(audio.uint8Array)).toBe(4);
  const plain = await json("/audio/speech", {
    model: "tts-1",
    input: "x".repeat(100),
    voice: "anna",
    response_format: "wav",
  });
  expect(plain.headers.get("content-type")).toBe("audio/wav");
  expect(readWav(await plain.bytes())).toEqual({ seconds: 1, hertz: 440 });
});

test("a recording is written down", async () => {
  const { text } = await transcribe({
    model: client.transcription("studio/whisper-1"),
    audio: wav(300, 0.5),
    providerOptions: { openai: { language: "fr" } },
  });
  expect(text).toBe("8044 bytes in fr");
  const form = new FormData();
  form.set("file", new File([new Uint8Array(wav(300, 0.5))], "said.wav"));
  form.set("response_format", "text");
  const plain = await ask("/audio/transcriptions", { body: form });
  expect([plain.headers.get("content-type"), await plain.text()]).toEqual([
    "text/plain; charset=utf-8",
    "8044 bytes in no language",
  ]);
});

test("images are made and changed", async () => {
  const { images } = await generateImage({ model: client.image("studio/painter"), prompt: "red", size: "10x6", n: 1 });
  expect(images.map(({ uint8Array }) => readPng(uint8Array))).toEqual([{ width: 10, height: 6, color: [255, 0, 0] }]);
  const { image } = await generateImage({
    model: client.image("studio/painter"),
    prompt: { text: "blue", images: [png(4, 4, [1, 2, 3])] },
  });
  expect(readPng(image.uint8Array).color).toEqual([0, 0, 255]);
  const asked = server.requests.findLast(({ path }) => path === "/v1/images/edits");
  expect(readPng(asked?.body.image.bytes).color).toEqual([1, 2, 3]);
});

test("nothing of it is kept, and what goes wrong is told as OpenAI tells it", async () => {
  expect((await gateway.get("/artifacts/search")).body.total).toBe(0);
  const errorOf = async (answer: Response) => [answer.status, (await answer.json()).error.message];
  expect(await errorOf(await json("/audio/speech", { model: "nobody", input: "x" }))).toEqual([
    404,
    "The model 'nobody' does not exist",
  ]);
  expect(await errorOf(await json("/images/generations", { prompt: "x" }))).toEqual([
    503,
    expect.stringContaining("No provider for making images is configured"),
  ]);
  expect(await errorOf(await json("/images/generations", { prompt: "x", response_format: "url" }))).toEqual([
    400,
    "response_format must be b64_json, not 'url'",
  ]);
  expect(await errorOf(await json("/audio/speech", { input: "x", speed: 9 }))).toEqual([
    422,
    "speed: Input should be less than or equal to 4",
  ]);
  expect(await errorOf(await json("/images/edits", {}))).toEqual([422, expect.stringContaining("no multipart form")]);
  const form = new FormData();
  form.set("prompt", "x");
  form.set("image", new File(["no image"], "a.png"));
  expect(await errorOf(await ask("/images/edits", { body: form }))).toEqual([
    400,
    "'image' is something else and not an image",
  ]);
  server.replies.push(
    Response.json({ error: { message: "slow down" } }, { status: 429, headers: { "retry-after": "7" } }),
  );
  const busy = await json("/audio/speech", { input: "x" });
  expect([busy.status, busy.headers.get("retry-after")]).toEqual([429, "7"]);
});

test("a client that goes ends the provider's work", async () => {
  server.replies.push("hang");
  const reached = server.next("/audio/speech");
  const controller = new AbortController();
  const asking = ask("/audio/speech", {
    body: JSON.stringify({ input: "never" }),
    headers: { "content-type": "application/json" },
    signal: controller.signal,
  }).catch(() => "gone");
  const { signal } = await reached;
  const ended = new Promise((resolve) => signal.addEventListener("abort", resolve));
  controller.abort();
  expect(await asking).toBe("gone");
  await ended;
});
