const kinds: Record<string, DocumentKind> = {
  "application/pdf": "pdf",
  "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
  "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
  "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
  "application/vnd.oasis.opendocument.text": "odf",
  "application/vnd.oasis.opendocument.spreadsheet": "odf",
  "application/vnd.oasis.opendocument.presentation": "odf",
  "text/html": "html",
  "application/xhtml+xml": "html",
};
const endings: Record<string, DocumentKind> = {
  pdf: "pdf",
  docx: "docx",
  xlsx: "xlsx",
  pptx: "pptx",
  odt: "odf",
  ods: "odf",
  odp: "odf",
  html: "html",
  htm: "html",
};

/** Documents whose text can be read. */
export type DocumentKind = "pdf" | "docx" | "xlsx" | "pptx" | "odf" | "html";

/** By media type, else by the ending of the name; null when it is none of them. */
export function documentKind(contentType: string, filename: string): DocumentKind | null {
  const type = (contentType.split(";", 1)[0] ?? "").trim().toLowerCase();
  const ending = /\.([a-z0-9]+)$/i.exec(filename)?.[1]?.toLowerCase() ?? "";
  return kinds[type] ?? endings[ending] ?? null;
}
