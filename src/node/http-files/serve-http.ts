/** An HTTP server of Node's own on sockets of the stack. */
import { createServer, type RequestListener } from "node:http";
import { ECONNABORTED } from "../../base/errno.ts";
import type { Host } from "../../host/host.ts";
import { SocketError } from "../../sockets/error.ts";
import type { StreamCore } from "../../sockets/stream.ts";
import { StreamDuplex } from "../stream-duplex.ts";

const BACKLOG = 4096;
/** Connections at a time; more wait until one has ended. */
const MOST_CONNECTIONS = 4096;
/** A connection on which nothing has moved for so long is ended, milliseconds. */
const IDLE_MILLIS = 60_000;

export interface HttpService {
  /** Ends it with all its connections. */
  close(): void;
}

export interface HttpListeners {
  readonly request: RequestListener;
  readonly checkContinue: RequestListener;
}

/** Serves HTTP on `port` of all addresses of `host`. SocketError: EADDRINUSE. */
export function serveHttp(host: Host, port: number, listeners: HttpListeners): HttpService {
  const server = createServer({ keepAliveTimeout: 5000, requestTimeout: 0, headersTimeout: IDLE_MILLIS });
  server.timeout = IDLE_MILLIS;
  // who has asked and finished (`nc -N`) still wants the answer; Node's own default is to drop the request
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on("request", listeners.request);
  server.on("checkContinue", listeners.checkContinue);
  const listener = host.stream();
  const check = (syscall: string, result: number): void => {
    if (result >= 0) return;
    listener.close();
    throw new SocketError(result, syscall, "0.0.0.0", port);
  };
  listener.settings.reuseAddress = true;
  listener.settings.keepAlive = listener.common.keepAlive = true;
  listener.settings.noDelay = true; // http writes whole messages
  listener.settingsChanged();
  check("bind", listener.bind({ address: "", port }));
  check("listen", listener.listen(BACKLOG));
  let connections = 0;
  const acceptAll = (): void => {
    while (connections < MOST_CONNECTIONS && !listener.closed) {
      const core = listener.accept();
      if (core === -ECONNABORTED) continue;
      if (typeof core === "number") return;
      connections++;
      // http itself finishes a connection whose client has: not before it has answered
      const stream = new StreamDuplex(core as StreamCore, { allowHalfOpen: true });
      stream.once("close", () => {
        connections--;
        acceptAll();
      });
      server.emit("connection", stream);
    }
  };
  listener.onReadiness = acceptAll;
  server.emit("listening"); // it has no port of the kernel's: now it looks after requests that never end
  return {
    close() {
      listener.close();
      server.close();
      server.closeAllConnections();
    },
  };
}
