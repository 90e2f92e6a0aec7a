import { expect, test } from "bun:test";
import { mp3, mp4, png, wav } from "#fixtures/media-bytes.ts";
import { type Family, checkMedia } from "#models/media/check-media.ts";

const origin = { subject: "It", code: "unavailable" } as const;
const latin = (text: string) => Buffer.from(text, "latin1");
/** One pixel each. */
const jpeg = Buffer.from(
  "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AN//Z",
  "base64",
);
const webp = Buffer.from("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA", "base64");
const gif = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");

test.each<[string, Family, Uint8Array, string]>([
  ["PNG", "image", png(3, 2, [1, 2, 3]), "image/png"],
  ["JPEG", "image", jpeg, "image/jpeg"],
  ["WebP", "image", webp, "image/webp"],
  ["GIF", "image", gif, "image/gif"],
  ["WAV", "audio", wav(100, 0.1), "audio/wav"],
  ["MP3", "audio", mp3(2), "audio/mpeg"],
  [
    "MP3 with a tag",
    "audio",
    Buffer.concat([latin("ID3\u0004\u0000\u0000\u0000\u0000\u0000\u0000"), mp3(1)]),
    "audio/mpeg",
  ],
  ["FLAC", "audio", latin("fLaC\u0000\u0000\u0000\u0022"), "audio/flac"],
  ["Ogg", "audio", latin("OggS\u0000\u0002"), "audio/ogg"],
  ["AAC", "audio", Buffer.from([0xff, 0xf1, 0x50, 0x80]), "audio/aac"],
  ["WebM", "audio", Buffer.from([0x1a, 0x45, 0xdf, 0xa3]), "audio/webm"],
  ["MP4", "video", mp4("x"), "video/mp4"],
  ["WebM film", "video", Buffer.from([0x1a, 0x45, 0xdf, 0xa3]), "video/webm"],
])("%s is known by its bytes", (_name, family, bytes, type) => {
  expect(checkMedia(family, bytes, origin).contentType).toBe(type);
});

test("width and height of an image are told", () => {
  expect(checkMedia("image", png(30, 20, [0, 0, 0]), origin).facts).toEqual({ width: 30, height: 20 });
  expect(checkMedia("image", jpeg, origin).facts).toEqual({ width: 1, height: 1 });
});

test("a recording that is streamed leaves its length open", () => {
  for (const length of [0, 0x7ffff024, 0xffffffff]) {
    const bytes = wav(100, 0.1);
    bytes.writeUInt32LE(length, 4);
    expect(checkMedia("audio", bytes, origin).format).toBe("wav");
  }
});

const bomb = png(1, 1, [0, 0, 0]);
bomb.writeUInt32BE(100_000, 16);
bomb.writeUInt32BE(100_000, 20);

test.each<[string, Family, Uint8Array, string]>([
  ["nothing", "image", new Uint8Array(), "It is nothing and not an image"],
  ["a web page", "image", latin("\n<!DOCTYPE html>"), "It is a web page and not an image"],
  ["JSON", "audio", latin('{"error":"no"}'), "It is JSON and not a recording"],
  ["another kind", "video", wav(100, 0.1), "It is something else and not a video"],
  ["half a PNG", "image", png(9, 9, [1, 2, 3]).subarray(0, 50), "It is an image that is cut off"],
  ["half a JPEG", "image", jpeg.subarray(0, jpeg.length - 4), "It is an image that is cut off"],
  ["half a WebP", "image", webp.subarray(0, 30), "It is an image that is cut off"],
  ["half a WAV", "audio", wav(100, 0.1).subarray(0, 500), "It is a recording that is cut off"],
  ["half an MP4", "video", mp4("the end").subarray(0, 60), "It is a video that is cut off"],
  [
    "a PNG without a size",
    "image",
    Buffer.concat([png(1, 1, [0, 0, 0]).subarray(0, 8), latin("IEND")]),
    "It is an image that cannot be read",
  ],
  ["a bomb", "image", bomb, "It is an image of 100000 × 100000 pixels, more than anybody can show"],
  [
    "an image without pixels",
    "image",
    png(0, 0, [0, 0, 0]),
    "It is an image of 0 × 0 pixels, more than anybody can show",
  ],
])("%s is refused, and said what it is", (_name, family, bytes, message) => {
  expect(() => checkMedia(family, bytes, origin)).toThrow(message);
});
