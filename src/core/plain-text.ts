/**
 * Somebody else's text as text: control characters, which would drive the terminal, are left out, and so are the marks that make a line read in
 * another order than it has. Line breaks and tabs stay. Of sequences only those go whole that have no words in them: a title or a link must not
 * hide what stands in it from whoever decides.
 */
export function plain(text: string): string {
  return text.replace(colours, "").replace(controls, "");
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const colours = /(?:\u001b\[|\u009b)[0-9;:?]*[A-Za-z]/g;
// oxlint-disable-next-line no-control-regex -- the same
const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;

/** Such a text as one line of at most so many characters. */
export function oneLine(text: string, maxChars = 120): string {
  // Only the beginning is looked at: an answer may have megabytes.
  const line = plain(text.slice(0, maxChars * 8))
    .replace(/\s+/g, " ")
    .trim();
  return line.length > maxChars ? `${line.slice(0, maxChars - 1)}…` : line;
}
