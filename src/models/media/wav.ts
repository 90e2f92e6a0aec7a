const headerBytes = 44;

/** 16-bit samples of one channel, as a WAV file. */
export function wavOf(samples: Uint8Array, sampleRate: number): Uint8Array {
  const file = Buffer.alloc(headerBytes + samples.length);
  file.write("RIFF", 0, "latin1");
  file.writeUInt32LE(headerBytes - 8 + samples.length, 4);
  file.write("WAVEfmt ", 8, "latin1");
  file.writeUInt32LE(16, 16);
  file.writeUInt16LE(1, 20);
  file.writeUInt16LE(1, 22);
  file.writeUInt32LE(sampleRate, 24);
  file.writeUInt32LE(sampleRate * 2, 28);
  file.writeUInt16LE(2, 32);
  file.writeUInt16LE(16, 34);
  file.write("data", 36, "latin1");
  file.writeUInt32LE(samples.length, 40);
  file.set(samples, headerBytes);
  return file;
}
