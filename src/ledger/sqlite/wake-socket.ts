import { chmodSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { messageOf } from "#core/errors.ts";

/** Tells the other processes on a data folder that there is something new, and hears it from them. */
export interface WakeSocket {
  /** Wakes everybody else. Costs nothing while there is nobody. */
  wake(): void;
  close(): void;
}

export interface WakeSocketOptions {
  /** Folder of the sockets, one per process. It is made, readable by its owner only. */
  dir: string;
  /** This process's own name among them. */
  name: string;
  onWake(): void;
  /** Another process went, cleanly or not: the operating system closes its end in the same moment. */
  onPeerGone(): void;
}

/** Of the address of a socket on macOS; Linux has four more. */
const maxPathBytes = 103;
const ending = ".sock";
const ping = "w";

/** Null where the system has no such sockets, or the path to the folder is too long for one. `report` hears why. */
export function openWakeSocket(options: WakeSocketOptions, report: (message: string) => void): WakeSocket | null {
  const path = join(options.dir, options.name + ending);
  if (Buffer.byteLength(path) > maxPathBytes) {
    report(`The path ${path} is too long for a socket: the processes on this folder look for news 20 times a second`);
    return null;
  }
  try {
    return new Wakes(options, path);
  } catch (error) {
    report(
      `No socket can be made in ${options.dir} (${messageOf(error)}): the processes look for news 20 times a second`,
    );
    return null;
  }
}

/** Whoever comes dials those who are there, so that any two processes are joined by at least one connection. */
class Wakes implements WakeSocket {
  #options: WakeSocketOptions;
  #path: string;
  #peers = new Set<Bun.Socket>();
  #listener: Bun.UnixSocketListener<undefined>;
  #isClosed = false;

  constructor(options: WakeSocketOptions, path: string) {
    this.#options = options;
    this.#path = path;
    mkdirSync(options.dir, { recursive: true, mode: 0o700 });
    this.#listener = Bun.listen({ unix: path, socket: this.#handler() });
    this.#listener.unref();
    chmodSync(path, 0o600);
    for (const file of readdirSync(options.dir)) {
      if (file.endsWith(ending) && file !== options.name + ending) void this.#dial(join(options.dir, file));
    }
  }

  wake(): void {
    // A ping that finds a full buffer is one of many that are still unread.
    for (const peer of this.#peers) peer.write(ping);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#listener.stop(true);
    for (const peer of this.#peers) peer.end();
    this.#peers.clear();
    rmSync(this.#path, { force: true });
  }

  async #dial(path: string): Promise<void> {
    try {
      await Bun.connect({ unix: path, socket: this.#handler() });
    } catch (error) {
      // Left by a process that was killed: nobody will ever answer there.
      if (error instanceof Error && "code" in error && error.code === "ECONNREFUSED") rmSync(path, { force: true });
    }
  }

  #handler(): Bun.SocketHandler<undefined> {
    return {
      open: (socket) => {
        socket.unref();
        if (this.#isClosed) socket.end();
        else this.#peers.add(socket);
      },
      data: () => {
        if (!this.#isClosed) this.#options.onWake();
      },
      close: (socket) => {
        if (this.#peers.delete(socket) && !this.#isClosed) this.#options.onPeerGone();
      },
      // The close that follows says it.
      error: () => undefined,
    };
  }
}
