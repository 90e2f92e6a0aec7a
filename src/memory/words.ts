const word = /[\p{L}\p{N}]+/gu;
const maxWords = 32;

/** Words of a text in the form in which every store compares them: lower case, letters and digits only, each once. */
export function wordsOf(text: string): string[] {
  return [...new Set(text.toLowerCase().match(word) ?? [])];
}

/** The words that a question is searched by. */
export function queryWords(text: string): string[] {
  return wordsOf(text).slice(0, maxWords);
}
