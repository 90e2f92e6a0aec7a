/** Who turns texts into vectors for the knowledge graph. */
export interface Embedder {
  /** Name of the model that does it now, such as `local/tiny-embed`; null when there is none. Vectors of one name compare with each other. */
  current(signal: AbortSignal): Promise<string | null>;
  /** One vector per text, in order, by the named model. */
  embed(model: string, texts: string[], signal: AbortSignal): Promise<Float32Array[]>;
}
