/** What kind of file a name stands for: what lists of files are filtered by. */
export const fileFamilies = [
  "image",
  "video",
  "audio",
  "document",
  "text",
  "code",
  "json",
  "archive",
  "other",
] as const;
export type FileFamily = (typeof fileFamilies)[number];

const endings: Record<Exclude<FileFamily, "other">, string> = {
  image: "png jpg jpeg gif webp bmp tif tiff svg avif heic ico",
  video: "mp4 mov webm mkv avi m4v mpeg mpg",
  audio: "wav mp3 m4a ogg oga opus flac aac aiff",
  document: "pdf doc docx xls xlsx ppt pptx odt ods odp rtf epub",
  text: "txt md markdown rst log csv tsv adoc tex",
  code:
    "py js mjs cjs ts tsx jsx java c h cc cpp hpp cs go rs rb php swift kt scala sh bash zsh ps1 sql r lua pl " +
    "html htm css scss xml yaml yml toml ini",
  json: "json jsonl ndjson geojson ipynb",
  archive: "zip tar gz tgz bz2 xz 7z rar zst flow",
};

const familyOfEnding = new Map(
  Object.entries(endings).flatMap(([family, words]) =>
    words.split(" ").map((ending): [string, FileFamily] => [ending, family as FileFamily]),
  ),
);

export function fileFamily(name: string): FileFamily {
  return familyOfEnding.get(endingOf(name)) ?? "other";
}

/** What follows the last point, in small letters; empty for names such as `.env` and `Makefile`. */
export function endingOf(name: string): string {
  const at = name.lastIndexOf(".");
  return at < 1 ? "" : name.slice(at + 1).toLowerCase();
}
