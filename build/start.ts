import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { executable, isStale, root } from "./paths.ts";

// README's first command: a gateway, the sample workflow on screen, and a gateway that stays.
//   --once   ends after the sample, on a folder of its own that is removed (tests, CI)

const preferredPort = 8080;

interface Place {
  dataDir: string;
  tokenFile: string;
  token: string;
  port: number;
}

async function main(args: string[]): Promise<number> {
  const isOnce = args.includes("--once");
  const place = await preparePlace(isOnce);
  try {
    return await serveAndRun(place, isOnce);
  } finally {
    if (isOnce) await rm(place.dataDir, { recursive: true, force: true });
  }
}

async function preparePlace(isOnce: boolean): Promise<Place> {
  const dataDir = isOnce ? await mkdtemp(join(tmpdir(), "gateway-start-")) : join(root, "runtime");
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const tokenFile = join(dataDir, "token");
  return { dataDir, tokenFile, token: await keptToken(tokenFile), port: isOnce ? 0 : freePort() };
}

/** The same token at every start, so that what a user has pasted into a client keeps working. */
async function keptToken(file: string): Promise<string> {
  const kept = (await readFile(file, "utf8").catch(() => "")).trim();
  if (kept.length >= 32) return kept;
  const token = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
  await writeFile(file, `${token}\n`, { mode: 0o600 });
  await chmod(file, 0o600);
  return token;
}

/** The usual port when nobody has it, else any. */
function freePort(): number {
  try {
    Bun.listen({ hostname: "127.0.0.1", port: preferredPort, socket: { data: () => undefined } }).stop(true);
    return preferredPort;
  } catch {
    return 0;
  }
}

async function serveAndRun(place: Place, isOnce: boolean): Promise<number> {
  const env = { ...process.env, ABSTRACTGATEWAY_AUTH_TOKEN: place.token };
  const gatewayArgs = ["serve", "--host", "127.0.0.1", "--port", String(place.port), "--data-dir", place.dataDir];
  const gateway = Bun.spawn([...program(), ...gatewayArgs], {
    cwd: place.dataDir,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  // ^C at a terminal reaches the gateway too, which then finishes its work; this process waits for it.
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => gateway.kill("SIGTERM"));
  const url = await listening(gateway);
  if (url === null) return gateway.exited;
  const sample = Bun.spawn([...program(), "run", "hello", "--input", "name=world", "--url", url], {
    cwd: place.dataDir,
    env,
    stdio: [isOnce ? "ignore" : "inherit", "inherit", "inherit"],
  });
  const sampleCode = await sample.exited;
  if (isOnce || sampleCode !== 0) {
    gateway.kill("SIGTERM");
    return sampleCode || (await gateway.exited);
  }
  console.log(nextSteps(place, url));
  return gateway.exited;
}

/** The executable when it is up to date, else the sources. */
function program(): string[] {
  return isStale() ? [process.execPath, join(root, "src/cli/main.ts")] : [executable];
}

/** The address that the gateway prints, or null when it ended instead. What it prints after that is not held up. */
async function listening(gateway: Bun.Subprocess<"ignore", "pipe", "inherit">): Promise<string | null> {
  const found = Promise.withResolvers<string | null>();
  const read = async () => {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of gateway.stdout) {
      if (text.length < 10_000) text += decoder.decode(chunk, { stream: true });
      const match = /http:\/\/[\w.[\]:]+/.exec(text);
      if (match) found.resolve(match[0]);
    }
    found.resolve(null);
  };
  void read();
  return found.promise;
}

function nextSteps({ dataDir, tokenFile }: Place, url: string): string {
  const show = (path: string) => relative(process.cwd(), path) || ".";
  return `
The gateway keeps serving: ${url}
  data    ${show(dataDir)}
  token   ${show(tokenFile)}
  docs    ${url}/docs

Try, in another terminal:
  curl -H "Authorization: Bearer $(cat ${show(tokenFile)})" ${url}/api/gateway/runs
  npm run build     makes dist/abstractgateway, the one file to take elsewhere

^C stops it.`;
}

process.exit(await main(process.argv.slice(2)));
