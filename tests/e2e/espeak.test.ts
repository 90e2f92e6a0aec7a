import { expect, test } from "bun:test";
import { espeak, startEspeakServer } from "#fixtures/espeak-server.ts";
import { startGateway, token } from "#fixtures/gateway.ts";

test.skipIf(espeak === null)(
  "a real voice of this machine speaks through a server of one's own (skipped without espeak-ng)",
  async () => {
    const server = startEspeakServer(espeak ?? "");
    const gateway = await startGateway({
      env: {
        ABSTRACTGATEWAY_PROBE_SERVERS: "0",
        ABSTRACTGATEWAY_OPENAI_ENDPOINTS: JSON.stringify([{ id: "espeak", baseUrl: `${server.url}/v1` }]),
        ABSTRACTGATEWAY_SPEECH_MODEL: "espeak/espeak-tts",
      },
    });
    const say = async (text: string, voice: string) => {
      const { status, body } = await gateway.post("/runs/session_memory_s1/voice/tts", { text, voice });
      return { status, body };
    };
    try {
      const { body: catalog } = await gateway.get("/voice/voices");
      expect(catalog.items).toContainEqual(expect.objectContaining({ id: "en-us", provider: "espeak" }));
      const short = await say("one", "en-us");
      const long = await say("one two three four five six seven", "en-us");
      expect([short.status, long.status]).toEqual([200, 200]);
      expect(long.body.audio_artifact.size_bytes).toBeGreaterThan(2 * short.body.audio_artifact.size_bytes);
      const path = `/api/gateway/runs/session_memory_s1/artifacts/${short.body.audio_artifact.$artifact}/content`;
      const sound = Buffer.from(
        await (await fetch(gateway.url + path, { headers: { authorization: `Bearer ${token}` } })).arrayBuffer(),
      );
      const loudest = Math.max(
        ...Array.from({ length: (sound.length - 44) >> 1 }, (_, at) => Math.abs(sound.readInt16LE(44 + 2 * at))),
      );
      expect([sound.toString("latin1", 0, 4), loudest > 3000]).toEqual(["RIFF", true]);
      expect((await say("x", "nobody")).body.detail).toMatch(/^TTS failed: espeak answered 400: .*voice/);
    } finally {
      await gateway.close();
      await server.close();
    }
  },
);
