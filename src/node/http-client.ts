/** One HTTP request over a connection of the stack: Node's own parser, on a StreamDuplex. */
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { writable } from "../services/wait.ts";
import { SocketError } from "../sockets/error.ts";
import { Failure } from "./arguments.ts";
import { errorText } from "./client.ts";
import type { Station } from "./station/station.ts";
import { StreamDuplex } from "./stream-duplex.ts";

const HTTP_PORT = 80;

export interface HttpRequest {
  readonly url: URL;
  readonly method: "GET" | "HEAD";
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** How long the server may be silent, milliseconds; 0: for ever. */
  readonly timeoutMillis: number;
}

/** Sends it; resolves when the answer's header is there. Failure says what went wrong in one line. */
export async function sendRequest(station: Station, asked: HttpRequest): Promise<IncomingMessage> {
  const { url, method, headers, timeoutMillis } = asked;
  const connection = await connect(station, url, timeoutMillis);
  const request = httpRequest(url, {
    method,
    headers,
    defaultPort: HTTP_PORT,
    createConnection: () => connection,
  });
  const stop = () => request.destroy(new Failure("interrupted"));
  station.stopped.addEventListener("abort", stop);
  request.once("close", () => station.stopped.removeEventListener("abort", stop));
  if (timeoutMillis > 0) {
    connection.setTimeout(timeoutMillis, () => {
      request.destroy(new Failure(`no answer for ${timeoutMillis / 1000} s`));
    });
  }
  return await answerTo(request);
}

function answerTo(request: ClientRequest): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on("response", resolve);
    request.on("error", (error) => reject(failureOf(error)));
    request.end();
  });
}

async function connect(station: Station, url: URL, timeoutMillis: number): Promise<Duplex & StreamDuplex> {
  const { host, stopped } = station;
  const port = url.port === "" ? HTTP_PORT : Number(url.port);
  const where = `${url.hostname} port ${port}`;
  let address: string;
  try {
    address = await host.resolve(url.hostname);
  } catch (error) {
    throw new Failure(`${url.hostname}: ${errorText(error)}`);
  }
  const core = host.stream();
  core.connect({ address, port });
  const micros = timeoutMillis === 0 ? Number.POSITIVE_INFINITY : timeoutMillis * 1000;
  const ready = await writable(host, core, micros, stopped);
  const result = ready ? core.connectResult() : 0;
  if (ready && result === 0) return new StreamDuplex(core, { endsBehindData: true });
  core.close();
  if (stopped.aborted) throw new Failure("interrupted");
  const why = ready ? new SocketError(result, "connect").strerror : `no answer for ${timeoutMillis / 1000} s`;
  throw new Failure(`cannot connect to ${where}: ${why}`);
}

/** What goes wrong on the way, in words. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code?.startsWith("HPE_")) return new Failure(`the server does not speak HTTP: ${message}`);
  if (code === "ECONNRESET") return new Failure("the server has broken the connection");
  return new Failure(errorText(error));
}
