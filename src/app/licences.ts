import * as zlib from "node:zlib";
import { AppError } from "#core/errors.ts";
import { licencesPath } from "#app/licences-file.ts";

export interface Licence {
  name: string;
  version: string;
  /** SPDX identifier or expression. */
  license: string;
  /** Empty where its package brings no text. */
  text: string;
}

/** Zstandard of Bun's `node:zlib`, which the types of Node 20 do not know. */
const { zstdDecompressSync } = zlib as unknown as { zstdDecompressSync(data: Uint8Array): Uint8Array };

/** What others made and this executable holds, by name. AppError `unsupported` while the sources run. */
export async function readLicences(): Promise<Licence[]> {
  if (licencesPath === null) {
    throw new AppError(
      "unsupported",
      "The licences are in the executable; here each package in node_modules has its own",
    );
  }
  const packed = await Bun.file(licencesPath).bytes();
  return JSON.parse(new TextDecoder().decode(zstdDecompressSync(packed))) as Licence[];
}
