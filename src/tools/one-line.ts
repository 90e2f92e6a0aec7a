/** A name may have line breaks in it. */
export function oneLine(name: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what this is about
  return name.replace(/[\u0000-\u001f\u007f]/g, (character) => JSON.stringify(character).slice(1, -1));
}
