import type { Message } from "grammy/types";
import type { JsonObject } from "#core/value.ts";

/** A file of a message, as it waits in the queue. */
export interface MessageFile {
  fileId: string;
  name: string;
  contentType: string;
  bytes: number;
  isVoice: boolean;
}

/** The files that a message brings; of a picture the largest size. */
export function filesOf(message: Message): MessageFile[] {
  const { document, voice, audio, video, video_note: note, animation, sticker } = message;
  const photo = message.photo?.at(-1);
  const found: MessageFile[] = [];
  const add = (
    file: { file_id: string; file_size?: number; file_name?: string; mime_type?: string } | undefined,
    about: { name: string; contentType: string; isVoice?: boolean },
  ) => {
    if (!file) return;
    found.push({
      fileId: file.file_id,
      name: file.file_name ?? about.name,
      contentType: file.mime_type ?? about.contentType,
      bytes: file.file_size ?? 0,
      isVoice: about.isVoice ?? false,
    });
  };
  add(photo, { name: "photo.jpg", contentType: "image/jpeg" });
  // An animation comes as a document, too.
  if (!animation) add(document, { name: "document", contentType: "application/octet-stream" });
  add(animation, { name: "animation.mp4", contentType: "video/mp4" });
  add(voice, { name: "voice.ogg", contentType: "audio/ogg", isVoice: true });
  add(audio, { name: "audio.mp3", contentType: "audio/mpeg" });
  add(video, { name: "video.mp4", contentType: "video/mp4" });
  add(note, { name: "video.mp4", contentType: "video/mp4" });
  add(sticker, { name: "sticker.webp", contentType: "image/webp" });
  return found;
}

export function storedFile({ fileId, name, contentType, bytes, isVoice }: MessageFile): JsonObject {
  return { fileId, name, contentType, bytes, isVoice };
}

export function readFile(stored: JsonObject): MessageFile {
  return stored as unknown as MessageFile;
}
