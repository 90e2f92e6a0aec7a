import { useEffect, useState } from "react";

interface PlayerProps {
  blob: Blob;
  url: string | null;
  type: string;
  name: string;
}

/** What is shown of a text. */
const mostChars = 100_000;

/** Shows what came from outside: media in the browser's players, pages in a frame without any rights, everything else as text. */
export function ArtifactPlayer({ blob, url, type, name }: PlayerProps) {
  if (url === null) return null;
  if (type.startsWith("image/")) return <img className="media" src={url} alt={name} />;
  if (type.startsWith("audio/"))
    return <audio className="media" src={url} controls preload="metadata" aria-label={name} />;
  if (type.startsWith("video/"))
    return <video className="media" src={url} controls preload="metadata" aria-label={name} />;
  if (type.startsWith("text/html")) return <iframe className="media page" src={url} sandbox="" title={name} />;
  if (/^text\/|json|xml|yaml|javascript/.test(type)) return <Text blob={blob} type={type} />;
  return <p className="quiet small">Nothing here can show this type. Save it and open it with its own program.</p>;
}

function Text({ blob, type }: { blob: Blob; type: string }) {
  const [text, setText] = useState("");
  useEffect(() => {
    let isCurrent = true;
    void blob
      .slice(0, mostChars)
      .text()
      .then((read) => isCurrent && setText(type.includes("json") ? indented(read) : read));
    return () => {
      isCurrent = false;
    };
  }, [blob, type]);
  return (
    <pre className="text-box" tabIndex={0}>
      {text}
      {blob.size > mostChars && "\n…"}
    </pre>
  );
}

function indented(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
