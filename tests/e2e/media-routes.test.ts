import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { type Gateway, startGateway, token } from "#fixtures/gateway.ts";
import { png, readMp3, readMp4, readPng, readWav, wav } from "#fixtures/media-bytes.ts";
import { type MediaServer, colors, startMediaServer } from "#fixtures/media-server.ts";

/* The media routes through the executable, with servers that speak the providers' wires and send real files. */
let server: MediaServer;
let gateway: Gateway;
/** A run that media belong to. */
const anchor = "session_memory_s-media-routes";
const session = "s-media-routes";

beforeAll(async () => {
  server = startMediaServer();
  gateway = await startGateway({ env: environment(server.url) });
});
afterAll(async () => {
  await gateway?.close();
  await server?.close();
});
beforeEach(() => {
  server.replies.length = 0;
  server.looks = 1;
});

function environment(url: string): Record<string, string> {
  return {
    ABSTRACTGATEWAY_PROBE_SERVERS: "0",
    ABSTRACTGATEWAY_OPENAI_ENDPOINTS: JSON.stringify([{ id: "studio", baseUrl: `${url}/v1`, apiKey: "studio-key" }]),
    ABSTRACTGATEWAY_SPEECH_MODEL: "studio/tts-1",
    ABSTRACTGATEWAY_TRANSCRIPTION_MODEL: "studio/whisper-1",
    ABSTRACTGATEWAY_IMAGE_MODEL: "studio/painter",
    ABSTRACTGATEWAY_UPSCALE_MODEL: "studio/esrgan-x2",
    ABSTRACTGATEWAY_VIDEO_MODEL: "studio/sora-2",
    ABSTRACTGATEWAY_MUSIC_MODEL: "studio/musicgen",
    ELEVENLABS_API_KEY: "eleven-key",
    ELEVENLABS_BASE_URL: `${url}/eleven/v1`,
    GEMINI_API_KEY: "google-key",
    GOOGLE_GENERATIVE_AI_BASE_URL: `${url}/google`,
  };
}

const make = (path: string, body: object) => gateway.post(`/runs/${anchor}/${path}`, body);

async function content(ref: { $artifact: string }): Promise<{ bytes: Uint8Array; type: string | null }> {
  const response = await fetch(`${gateway.url}/api/gateway/runs/${anchor}/artifacts/${ref.$artifact}/content`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(response.status).toBe(200);
  return { bytes: await response.bytes(), type: response.headers.get("content-type") };
}

async function upload(
  bytes: Uint8Array,
  filename: string,
  type: string,
  sessionId = session,
): Promise<{ $artifact: string }> {
  const form = new FormData();
  form.set("session_id", sessionId);
  form.set("file", new File([bytes as BlobPart], filename, { type }));
  const response = await fetch(`${gateway.url}/api/gateway/attachments/upload`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: form,
  });
  return ((await response.json()) as { artifact: { $artifact: string } }).artifact;
}

/** Records of `abstract.progress` of a run. */
async function progressOf(runId: string): Promise<any[]> {
  const records = await gateway.ledger(runId);
  return records
    .filter((record) => record.effect?.payload?.name === "abstract.progress")
    .map((record) => record.effect.payload.payload);
}

const answered = { ok: true, run_id: anchor, request_id: expect.any(String), child_run_id: expect.any(String) };

describe("speech and transcription", () => {
  test("a text is spoken: the recording is the server's, sample by sample", async () => {
    const { status, body } = await make("voice/tts", { text: "x".repeat(150), voice: "anna", speed: 1.5 });
    expect([status, body]).toEqual([
      200,
      {
        ...answered,
        audio_artifact: {
          $artifact: expect.any(String),
          content_type: "audio/wav",
          filename: "tts.wav",
          size_bytes: 24_044,
          sha256: expect.any(String),
        },
      },
    ]);
    const { bytes, type } = await content(body.audio_artifact);
    expect([type, readWav(bytes)]).toEqual(["audio/wav", { seconds: 1.5, hertz: 440 }]);
    const asked = server.requests.findLast(({ path }) => path === "/v1/audio/speech");
    expect(asked?.body).toEqual({
      model: "tts-1",
      input: "x".repeat(150),
      voice: "anna",
      response_format: "wav",
      speed: 1.5,
    });
    expect(asked?.headers.get("authorization")).toBe("Bearer studio-key");
  });

  test("MP3 is asked for and told as what it is", async () => {
    const { body } = await make("voice/tts", { text: "four", format: "mp3" });
    expect(body.audio_artifact).toMatchObject({ content_type: "audio/mpeg", filename: "tts.mp3" });
    expect(readMp3((await content(body.audio_artifact)).bytes)).toBe(4);
    // The first voice of the server's own list.
    expect(server.requests.findLast(({ path }) => path === "/v1/audio/speech")?.body.voice).toBe("anna");
  });

  test("ElevenLabs speaks in samples, which become a WAV file", async () => {
    const { status, body } = await make("voice/tts", { text: "x".repeat(50), provider: "elevenlabs", voice: "v1" });
    expect([status, body]).toMatchObject([200, { audio_artifact: { filename: "tts.wav" } }]);
    expect(readWav((await content(body.audio_artifact)).bytes)).toEqual({ seconds: 0.5, hertz: 300 });
    const asked = server.requests.findLast(({ path }) => path.startsWith("/eleven/"));
    expect([asked?.path, asked?.headers.get("xi-api-key")]).toEqual(["/eleven/v1/text-to-speech/v1", "eleven-key"]);
  });

  test("Google speaks", async () => {
    const { status, body } = await make("voice/tts", { text: "hello", provider: "google" });
    expect([status, body]).toMatchObject([200, { audio_artifact: { content_type: "audio/wav" } }]);
    expect(readWav((await content(body.audio_artifact)).bytes)).toEqual({ seconds: 0.5, hertz: 500 });
  });

  test("a recording is written down, and the text is an artifact too", async () => {
    const recording = await upload(wav(300, 0.5), "said.wav", "audio/wav");
    const { status, body } = await make("audio/transcribe", { audio_artifact: recording, language: "de" });
    expect([status, body]).toEqual([
      200,
      {
        ...answered,
        text: "8044 bytes in de",
        transcript_artifact: {
          $artifact: expect.any(String),
          content_type: "text/plain; charset=utf-8",
          filename: "transcript.txt",
          size_bytes: 16,
          sha256: expect.any(String),
        },
      },
    ]);
    expect(new TextDecoder().decode((await content(body.transcript_artifact)).bytes)).toBe("8044 bytes in de");
    const eleven = await make("audio/transcribe", { audio_artifact: recording, provider: "elevenlabs" });
    expect(eleven.body).toMatchObject({ ok: true, text: "heard 8044 bytes" });
  });
});

describe("images", () => {
  test("an image is made and described", async () => {
    const { status, body } = await make("images/generate", {
      prompt: "a red square",
      size: "12x10",
      seed: 7,
      request_id: "red-1",
    });
    expect([status, body]).toEqual([
      200,
      {
        ...answered,
        supported: true,
        request_id: "red-1",
        image_artifact: body.image_artifacts[0],
        image_artifacts: [
          {
            $artifact: expect.any(String),
            content_type: "image/png",
            filename: "generated.png",
            size_bytes: expect.any(Number),
            sha256: expect.any(String),
          },
        ],
        event_name: "abstract.progress",
        code: null,
        error: null,
      },
    ]);
    expect(readPng((await content(body.image_artifact)).bytes)).toEqual({ width: 12, height: 10, color: [255, 7, 0] });
    const { body: artifact } = await gateway.get(`/runs/${anchor}/artifacts/${body.image_artifact.$artifact}`);
    expect(artifact).toMatchObject({
      run_id: anchor,
      tags: {
        kind: "generated_media",
        modality: "image",
        task: "image_generation",
        source: "gateway_direct_text_to_image",
        request_id: "red-1",
        session_id: session,
      },
      descriptor: {
        semantic_kind: "image",
        task: "image_generation",
        parent_run_id: anchor,
        producer: { provider: "studio", model: "painter", run_id: body.child_run_id },
        generation: { prompt: "a red square", size: "12x10", seed: 7 },
        media: { width: 12, height: 10 },
      },
    });
  });

  test("a batch has one image for each seed, and says how far it is", async () => {
    const { body } = await make("images/generate", { prompt: "blue", seeds: [3, 5] });
    expect(body.image_artifacts.map(({ filename }: { filename: string }) => filename)).toEqual([
      "generated_1.png",
      "generated_2.png",
    ]);
    const pictures = await Promise.all(
      body.image_artifacts.map(async (ref: { $artifact: string }) => readPng((await content(ref)).bytes)),
    );
    expect(pictures.map(({ color }) => color)).toEqual([
      [0, 3, 255],
      [0, 5, 255],
    ]);
    expect(await progressOf(body.child_run_id)).toMatchObject([
      { phase: "started", progress: 0, run_id: body.child_run_id, node_id: "generate", attempt: 1 },
      { phase: "generating", progress: 0.5 },
      { phase: "generating", progress: 1 },
    ]);
    const counted = await make("images/generate", { prompt: "blue", n: 3 });
    expect(counted.body.image_artifacts).toHaveLength(3);
  });

  test("Google makes images in proportions", async () => {
    const { body } = await make("images/generate", {
      prompt: "red",
      image_provider: "google",
      width: 1600,
      height: 900,
    });
    expect(readPng((await content(body.image_artifact)).bytes)).toMatchObject({ width: 16, color: colors["red"] });
    const asked = server.requests.findLast(({ path }) => path.includes("generateContent"));
    expect(asked?.body.generationConfig.imageConfig).toEqual({ aspectRatio: "16:9" });
  });

  test("an image is changed under a mask, and made larger", async () => {
    const source = await upload(png(4, 4, [1, 2, 3]), "source.png", "image/png");
    const mask = await upload(png(4, 4, [0, 0, 0]), "mask.png", "image/png");
    const edited = await make("images/edit", {
      prompt: "make it red",
      image_artifact: source,
      mask_artifact: mask,
      strength: 0.4,
    });
    expect(edited.body).toMatchObject({ ok: true, image_artifact: { filename: "edited.png" } });
    const asked = server.requests.findLast(({ path }) => path === "/v1/images/edits");
    expect(readPng(asked?.body.image.bytes).color).toEqual([1, 2, 3]);
    expect(readPng(asked?.body.mask.bytes).color).toEqual([0, 0, 0]);
    expect(asked?.body).toMatchObject({ model: "painter", prompt: "make it red", strength: "0.4" });
    const larger = await make("images/upscale", { image_artifact: source, scale: "2x" });
    expect(larger.body).toMatchObject({ ok: true, image_artifact: { filename: "upscaled.png" } });
    expect(readPng((await content(larger.body.image_artifact)).bytes)).toMatchObject({ width: 8, height: 8 });
  });
});

describe("videos and music", () => {
  test("a video is looked after until it is there", async () => {
    server.looks = 2;
    const { body } = await make("videos/generate", { prompt: "waves", width: 1280, height: 720, duration_s: 4 });
    expect([body.ok, body.supported, body.event_name, body.code]).toEqual([true, true, "abstract.progress", null]);
    expect(body.video_artifacts).toEqual([
      {
        $artifact: expect.any(String),
        content_type: "video/mp4",
        filename: "video.mp4",
        size_bytes: expect.any(Number),
      },
    ]);
    expect(readMp4((await content(body.video_artifact)).bytes)).toEqual({
      boxes: ["ftyp", "moov", "mdat"],
      mark: "waves",
    });
    const asked = server.requests.find(({ method, path }) => method === "POST" && path === "/v1/videos");
    expect(asked?.body).toEqual({ model: "sora-2", prompt: "waves", size: "1280x720", seconds: "4" });
    expect((await progressOf(body.child_run_id)).map(({ progress }) => progress)).toEqual([0, 0, 0.4, 1]);
  });

  test("a video begins with an image", async () => {
    const image = png(4, 4, [1, 2, 3]);
    const source = await upload(image, "first.png", "image/png");
    const { body } = await make("videos/from_image", { prompt: "zoom", image_artifact: source });
    expect(readMp4((await content(body.video_artifact)).bytes).mark).toBe(`zoom after ${image.length} bytes`);
  });

  test("Google makes videos", async () => {
    server.looks = 0;
    const { body } = await make("videos/generate", { prompt: "clouds", video_provider: "google" });
    expect(body).toMatchObject({ ok: true, error: null });
    expect(readMp4((await content(body.video_artifact)).bytes).mark).toBe("clouds");
  }, 20_000);

  test("music comes from a server of one's own, and from ElevenLabs", async () => {
    const own = await make("music/generate", { prompt: "calm", duration_s: 2, lyrics: "la la" });
    expect(own.body).toEqual({
      ...answered,
      supported: true,
      code: null,
      error: null,
      music_artifact: {
        $artifact: expect.any(String),
        content_type: "audio/wav",
        filename: "music.wav",
        size_bytes: expect.any(Number),
        sha256: expect.any(String),
      },
    });
    expect(readWav((await content(own.body.music_artifact)).bytes)).toEqual({ seconds: 2, hertz: 220 });
    const asked = server.requests.findLast(({ path }) => path === "/v1/audio/music");
    expect(asked?.body).toMatchObject({
      model: "musicgen",
      prompt: "calm",
      lyrics: "la la",
      duration_s: 2,
      format: "wav",
    });
    const eleven = await make("music/generate", {
      prompt: "calm",
      music_provider: "elevenlabs",
      duration_s: 3,
      format: "mp3",
    });
    expect(eleven.body.music_artifact).toMatchObject({ filename: "music.mp3", content_type: "audio/mpeg" });
    expect(readMp3((await content(eleven.body.music_artifact)).bytes)).toBe(30);
  });
});

describe("the child run", () => {
  test("its id is known at once, and cancelling it ends the provider's work", async () => {
    server.replies.push("hang");
    const reached = server.next("/images/generations");
    const response = await fetch(`${gateway.url}/api/gateway/runs/${anchor}/images/generate`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", prefer: "respond-async" },
      body: JSON.stringify({ prompt: "never" }),
    });
    const body: any = await response.json();
    expect([response.status, response.headers.get("preference-applied"), body]).toEqual([
      202,
      "respond-async",
      { ...answered, status: "running" },
    ]);
    const { signal } = await reached;
    // The progress is durable while the work goes on: a watcher sees it at once.
    const told = await gateway.follow(
      body.child_run_id,
      ({ data }) => data.record?.effect?.payload?.name === "abstract.progress",
    );
    expect(told.at(-1)?.data.record.effect.payload.payload).toMatchObject({
      phase: "started",
      provider: "studio",
      model: "painter",
    });
    const gone = new Promise((resolve) => signal.addEventListener("abort", resolve));
    await gateway.command(body.child_run_id, "cancel");
    await gone;
    const run = await gateway.until(body.child_run_id, "terminal");
    expect([run.status, run.parent_run_id]).toEqual(["cancelled", anchor]);
  });

  test("cancelling a video ends its job at the provider", async () => {
    server.looks = 1000;
    const response = await fetch(`${gateway.url}/api/gateway/runs/${anchor}/videos/generate`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        prefer: "respond-async, wait=1",
      },
      body: JSON.stringify({ prompt: "endless" }),
    });
    const { child_run_id: childId } = (await response.json()) as { child_run_id: string };
    await gateway.follow(childId, ({ data }) => data.record?.effect?.payload?.payload?.message === "in_progress");
    const job = server.requests.findLast(({ path }) => path.startsWith("/v1/videos/"))?.path ?? "";
    const ended = server.next(job);
    await gateway.command(childId, "cancel");
    let asked = await ended;
    while (asked.method !== "DELETE") asked = await server.next(job);
    expect((await gateway.until(childId, "terminal")).status).toBe("cancelled");
    for (const part of ["input_data", "history_bundle", "ledger"]) {
      expect((await gateway.get(`/runs/${childId}/${part}`)).status).toBe(200);
    }
  });

  test("whoever waits for a run that is cancelled is told", async () => {
    server.replies.push("hang");
    const reached = server.next("/images/generations");
    const waiting = make("images/generate", { prompt: "never", request_id: "cancelled-1" });
    await reached;
    const { body } = await gateway.get("/runs?limit=5");
    const child = body.items.find((run: any) => run.parent_run_id === anchor && run.status === "running");
    await gateway.command(child.run_id, "cancel");
    const { status, body: answer } = await waiting;
    expect([status, answer.detail]).toEqual([
      500,
      "Image generation child run did not complete successfully: Cancelled",
    ]);
  });

  test("the same request id answers the same run, and another request of that id is refused", async () => {
    const before = server.requests.length;
    const first = await make("images/generate", { prompt: "once", request_id: "once-1" });
    const again = await make("images/generate", { prompt: "once", request_id: "once-1" });
    expect(again.body).toEqual(first.body);
    expect(server.requests.slice(before).filter(({ path }) => path.endsWith("generations"))).toHaveLength(1);
    const other = await make("images/generate", { prompt: "twice", request_id: "once-1" });
    expect([other.status, other.body.detail]).toEqual([
      422,
      "request_id 'once-1' was used before with another request",
    ]);
  });
});

test("a connection that somebody entered speaks like ElevenLabs, at its own address and with its own key", async () => {
  const made = await gateway.post("/config/provider-endpoint-profiles", {
    id: "booth",
    display_name: "Booth",
    provider_family: "elevenlabs",
    base_url: `${server.url}/eleven/v1`,
    api_key: "booth-key",
    allowed_models: ["eleven_test"],
  });
  expect(made.status).toBe(200);
  const speak = (model: string) =>
    make("voice/tts", { text: "x".repeat(50), provider: "endpoint:booth", model, voice: "v9" });
  const { body } = await speak("eleven_test");
  expect(readWav((await content(body.audio_artifact)).bytes).hertz).toBe(300);
  const asked = server.requests.findLast(({ path }) => path === "/eleven/v1/text-to-speech/v9");
  expect([asked?.headers.get("xi-api-key"), asked?.body.model_id]).toEqual(["booth-key", "eleven_test"]);
  expect((await speak("another")).body.detail).toMatch(/does not allow the model 'another'/);
  expect((await gateway.get("/audio/speech/models?provider=endpoint:booth")).body.models).toEqual(["eleven_test"]);
});

describe("what goes wrong", () => {
  const page = () =>
    new Response("<!doctype html><html>Bad gateway</html>", { headers: { "content-type": "text/html" } });
  const picture = (bytes: Uint8Array) => Response.json({ data: [{ b64_json: Buffer.from(bytes).toString("base64") }] });
  const bomb = () => {
    const bytes = png(2, 2, [0, 0, 0]);
    bytes.writeUInt32BE(60_000, 16);
    bytes.writeUInt32BE(60_000, 20);
    return bytes;
  };
  test.each([
    ["a web page", page, /studio answered with a web page instead of media/],
    [
      "a web page that is called an image",
      () => picture(Buffer.from("<html>no</html>")),
      /What studio sent is a web page and not an image/,
    ],
    ["an image that is cut off", () => picture(png(8, 8, [1, 1, 1]).subarray(0, 40)), /is an image that is cut off/],
    ["an image of absurd size", () => picture(bomb()), /60000 × 60000 pixels/],
    ["a recording instead of an image", () => picture(wav(100, 0.1)), /is something else and not an image/],
    ["no image at all", () => Response.json({ data: [] }), /No image generated|without a file/],
    [
      "a refusal",
      () => Response.json({ error: { message: "not that" } }, { status: 400 }),
      /studio answered 400: not that/,
    ],
  ])("an image server that answers with %s: no artifact, and the reason", async (_name, reply, reason) => {
    server.replies.push(reply());
    const { status, body } = await make("images/generate", { prompt: `trouble ${_name}` });
    expect([status, body]).toMatchObject([
      200,
      {
        ok: false,
        supported: false,
        code: "generated_image_error",
        image_artifact: null,
        image_artifacts: [],
        error: expect.stringMatching(reason),
      },
    ]);
    const { body: run } = await gateway.get(`/runs/${body.child_run_id}`);
    expect(run.status).toBe("failed");
  });

  test("speech that fails is an HTTP error with the reason", async () => {
    server.replies.push(Response.json({ error: { message: "no such voice" } }, { status: 400 }));
    const { status, body } = await make("voice/tts", { text: "hello" });
    expect([status, body.detail]).toEqual([500, "TTS failed: studio answered 400: no such voice"]);
  });

  test("too many requests: it is tried again when the provider says so", async () => {
    server.replies.push(
      Response.json({ error: { message: "slow down" } }, { status: 429, headers: { "retry-after": "1" } }),
    );
    const { body } = await make("music/generate", { prompt: "patient" });
    expect(body).toMatchObject({ ok: true });
    const records = await gateway.ledger(body.child_run_id);
    expect(records.filter(({ error }) => /too many requests/.test(error ?? ""))).toHaveLength(1);
  });

  test.each([
    ["images/generate", { prompt: "  " }, 400, "prompt is required"],
    ["voice/tts", { text: "" }, 400, "text is required"],
    ["images/generate", { prompt: "x", count: 2, n: 3 }, 400, "count and n must be the same"],
    ["images/generate", { prompt: "x", count: 2, seeds: [1] }, 400, "seeds has 1 entries for 2 outputs"],
    ["images/edit", { prompt: "x", image_artifact: {} }, 400, "image_artifact names no artifact"],
    ["images/edit", { prompt: "x", image_artifact: { $artifact: "nobody" } }, 404, "Artifact 'nobody' not found"],
    [
      "music/generate",
      { prompt: "x", task: "dance" },
      400,
      "task must be text_to_music, text_to_audio or lyrics_to_music, not 'dance'",
    ],
  ])("%s with %j is refused", async (path, sent, status, detail) => {
    expect(await make(path, sent)).toMatchObject({ status, body: { detail } });
  });

  test.each([
    ["images/generate", {}, ["body", "prompt"]],
    ["images/generate", { prompt: "x", width: 9000 }, ["body", "width"]],
    ["images/upscale", { image_artifact: "a", resolution: true }, ["body", "resolution"]],
    ["videos/generate", { prompt: "x", duration_s: 0 }, ["body", "duration_s"]],
    ["music/generate", { prompt: "x", music_backend: "old" }, ["body", "music_backend"]],
  ])("%s with %j has the wrong shape", async (path, sent, loc) => {
    const { status, body } = await make(path, sent);
    expect(status).toBe(422);
    expect(body.detail[0].loc.slice(0, 2)).toEqual(loc);
  });

  test("a file of another kind, of another session, or that is none is refused", async () => {
    const recording = await upload(wav(300, 0.1), "said.wav", "audio/wav");
    expect(await make("images/edit", { prompt: "x", image_artifact: recording })).toMatchObject({
      status: 400,
      body: { detail: "image_artifact must be an image, not audio/wav" },
    });
    const foreign = await upload(png(2, 2, [0, 0, 0]), "theirs.png", "image/png", "s-other");
    expect((await make("images/edit", { prompt: "x", image_artifact: foreign })).status).toBe(404);
    const fake = await upload(Buffer.from("not an image"), "fake.png", "image/png");
    expect((await make("images/edit", { prompt: "x", image_artifact: fake })).body).toMatchObject({
      ok: false,
      code: "edited_image_error",
      error: "The attachment 'fake.png' is something else and not an image",
    });
    expect((await gateway.post("/runs/nobody/images/generate", { prompt: "x" })).status).toBe(404);
  });

  test("an image that is too large is refused before anything is asked", async () => {
    const large = await upload(
      Buffer.concat([png(2, 2, [0, 0, 0]), Buffer.alloc(20_000_001)]),
      "large.png",
      "image/png",
    );
    const { status, body } = await make("images/upscale", { image_artifact: large });
    expect([status, body.detail]).toEqual([413, expect.stringContaining("Image too large")]);
  });
});

test("what takes long does not keep other effects waiting", async () => {
  const small = await startGateway({ env: { ...environment(server.url), ABSTRACTGATEWAY_MAX_EFFECTS: "1" } });
  try {
    server.replies.push("hang");
    const reached = server.next("/images/generations");
    const slow = small.post(`/runs/${anchor}/images/generate`, { prompt: "never" }).catch(() => null);
    await reached;
    const { body } = await small.post(`/runs/${anchor}/music/generate`, { prompt: "quick" });
    expect(body.ok).toBe(true);
    await small.kill();
    await slow;
  } finally {
    await small.close();
  }
});

test("a provider that hangs is given up", async () => {
  const impatient = await startGateway({ env: { ...environment(server.url), ABSTRACTGATEWAY_MODEL_TIMEOUT_S: "0.3" } });
  try {
    server.replies.push("hang");
    const { status, body } = await impatient.post(`/runs/${anchor}/voice/tts`, { text: "hello" });
    expect([status, body.detail]).toEqual([500, "TTS failed: studio has not answered after 0.3 s"]);
  } finally {
    await impatient.close();
  }
});

test("what nobody is configured for says how it is configured", async () => {
  const bare = await startGateway({ env: { ABSTRACTGATEWAY_PROBE_SERVERS: "0" } });
  try {
    const run = "session_memory_s1";
    const speech = await bare.post(`/runs/${run}/voice/tts`, { text: "hello" });
    expect([speech.status, speech.body.detail]).toEqual([
      503,
      expect.stringMatching(/^No provider for speech is configured\. Set OPENAI_API_KEY.*ABSTRACTGATEWAY_SPEECH_MODEL/),
    ]);
    const image = await bare.post(`/runs/${run}/images/generate`, { prompt: "x" });
    expect([image.status, image.body]).toMatchObject([
      200,
      {
        ok: false,
        supported: false,
        code: "generated_image_unavailable",
        child_run_id: null,
        error: expect.stringContaining("output.image.text_to_image"),
      },
    ]);
    expect((await bare.post(`/runs/${run}/music/generate`, { prompt: "x" })).body).toMatchObject({
      ok: false,
      code: "generated_music_unavailable",
      music_artifact: null,
    });
  } finally {
    await bare.close();
  }
});
