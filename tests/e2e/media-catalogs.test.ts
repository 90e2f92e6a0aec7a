import { afterAll, beforeAll, expect, test } from "bun:test";
import { type Gateway, startGateway } from "#fixtures/gateway.ts";
import { type MediaServer, startMediaServer } from "#fixtures/media-server.ts";

/* What there is for media, and what discovery says of it, as the configuration has it. */
let server: MediaServer;
let gateway: Gateway;
let bare: Gateway;

beforeAll(async () => {
  server = startMediaServer();
  const quiet = { ABSTRACTGATEWAY_PROBE_SERVERS: "0" };
  const dead = { id: "dead", baseUrl: "http://127.0.0.1:1/v1" };
  gateway = await startGateway({
    env: {
      ...quiet,
      ABSTRACTGATEWAY_OPENAI_ENDPOINTS: JSON.stringify([{ id: "studio", baseUrl: `${server.url}/v1` }, dead]),
      ABSTRACTGATEWAY_MUSIC_MODEL: "studio/composer",
      ELEVENLABS_API_KEY: "eleven-key",
      ELEVENLABS_BASE_URL: `${server.url}/eleven/v1`,
    },
  });
  bare = await startGateway({ env: quiet });
});
afterAll(async () => {
  await gateway?.close();
  await bare?.close();
  await server?.close();
});

const catalog = async (path: string) => (await gateway.get(path)).body;

test("voices come from those who have a list, and a server that is down hides nobody", async () => {
  const body = await catalog("/voice/voices");
  expect(body.items).toEqual([
    { id: "v1", label: "Rachel", provider: "elevenlabs", voice_kind: "voice", voice_kinds: ["voice"] },
    { id: "v2", label: "Mine", provider: "elevenlabs", voice_kind: "clone", voice_kinds: ["clone"] },
    { id: "anna", label: "Anna", provider: "studio", voice_kind: "voice", voice_kinds: ["voice"] },
    { id: "bert", label: "bert", provider: "studio", voice_kind: "voice", voice_kinds: ["voice"] },
  ]);
  expect(body).toMatchObject({
    available: true,
    error: null,
    voices: ["v1", "v2", "anna", "bert"],
    cloned_voices: ["v2"],
    providers: ["elevenlabs", "studio"],
    stt_providers: ["elevenlabs"],
    tts_models_by_provider: { elevenlabs: ["eleven_test", "eleven_multilingual_v2"], studio: ["tts-1"] },
    active_provider: "elevenlabs",
    active_model: "eleven_multilingual_v2",
    catalog: { contract: "gateway_catalog_v1", kind: "voices", scope: "tts", available: true },
  });
  expect((await catalog("/voice/voices?compact=true")).voices).toEqual([]);
});

test.each([
  [
    "/audio/speech/models",
    [
      ["elevenlabs", "eleven_test"],
      ["elevenlabs", "eleven_multilingual_v2"],
      ["studio", "tts-1"],
    ],
  ],
  [
    "/audio/transcriptions/models",
    [
      ["elevenlabs", "scribe_v1"],
      ["studio", "whisper-1"],
    ],
  ],
  [
    "/audio/music/models",
    [
      ["elevenlabs", "music_v1"],
      ["studio", "musicgen-small"],
      ["studio", "composer"],
    ],
  ],
  ["/vision/provider_models?task=text_to_video", [["studio", "sora-2"]]],
  ["/vision/provider_models?task=image_upscale&provider=studio", [["studio", "esrgan-x2"]]],
])("%s lists models for it, and nothing else", async (path, expected) => {
  const body = await catalog(path);
  expect(body.items.map(({ provider, id }: any) => [provider, id])).toEqual(expected);
  expect(body.models).toEqual(expected.map(([, id]) => id));
});

test("the list of a provider is asked for once in a while", async () => {
  await catalog("/vision/provider_models?task=text_to_image");
  const before = server.requests.length;
  await catalog("/vision/provider_models?task=text_to_image");
  expect(server.requests.slice(before).filter(({ path }) => path === "/v1/models")).toEqual([]);
});

test("providers of music, and what is no task, provider or parameter", async () => {
  const { items } = await catalog("/audio/music/providers");
  expect(items.map(({ id }: { id: string }) => id)).toEqual(["elevenlabs", "studio"]);
  expect((await gateway.get("/vision/provider_models?task=dance")).status).toBe(400);
  expect((await gateway.get("/audio/speech/models?provider=nobody")).status).toBe(404);
  expect((await gateway.get("/audio/speech/models?base_url=http://x")).status).toBe(400);
  expect(await catalog("/vision/adapters?task=text_to_image&model=m")).toMatchObject({
    available: false,
    items: [],
    count: 0,
  });
});

test("models of a provider can be asked for by what they make", async () => {
  expect(
    (await catalog("/discovery/providers/studio/models?capability_route=output.image.text_to_image")).models,
  ).toEqual(["gpt-image-1"]);
  expect((await catalog("/discovery/providers/studio/models?output_type=video")).models).toEqual(["sora-2"]);
  const { items } = await catalog("/discovery/providers");
  expect(items.find(({ id }: { id: string }) => id === "elevenlabs").tasks).toEqual(["tts", "stt", "text_to_music"]);
});

test("discovery says what is configured, and how the rest is", async () => {
  const { flow_editor: editor, common } = (await catalog("/discovery/capabilities")).capabilities.contracts;
  expect(editor.voice.tts).toMatchObject({ available: true, configured: true, active_model: "eleven_multilingual_v2" });
  expect(editor.media.generated_music).toMatchObject({
    workflow: { available: true },
    direct_endpoint: { available: true, configured: true, selected_backend: "studio/composer" },
  });
  expect(editor.media.generated_image).toMatchObject({
    workflow: { available: false, config_hint: expect.stringContaining("ABSTRACTGATEWAY_IMAGE_MODEL") },
    direct_endpoint: { available: false, route_available: true },
  });
  expect(common.readiness.surfaces.media).toMatchObject({
    generated_music: { available: true, configured: true, workflow_available: true },
    generated_video: { available: false, configured: false },
    stt: { available: true },
  });
  const set = await gateway.request("PUT", "/config/capability-defaults/output/image", {
    provider: "studio",
    model: "gpt-image-1",
  });
  expect(set.status).toBe(200);
  const { flow_editor: now } = (await catalog("/discovery/capabilities")).capabilities.contracts;
  expect(now.media.generated_image.direct_endpoint.available).toBe(true);
});

test("the defaults tell who makes what, and why", async () => {
  const { routes } = await catalog("/config/capability-defaults");
  const of = (key: string) => {
    const { provider, model, source } = routes.find((route: { key: string }) => route.key === key);
    return [provider, model, source];
  };
  expect(of("output.music")).toEqual(["studio", "composer", "environment"]);
  expect(of("output.voice")).toEqual(["elevenlabs", "eleven_multilingual_v2", "discovered"]);
  expect(of("output.video.text_to_video")).toEqual([null, null, "none"]);
});

test("a gateway without providers has empty catalogs that say how they are filled", async () => {
  const { body } = await bare.get("/audio/speech/models");
  expect(body).toMatchObject({
    available: false,
    items: [],
    models: [],
    error: expect.stringContaining("OPENAI_API_KEY"),
  });
});
