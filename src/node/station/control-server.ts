/** Answers those who ask this process what it does: `netwright netstat`, `netwright dump --watch`. */
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { Host } from "../../host/host.ts";
import type { Capture } from "./capture.ts";
import { CaptureOutput } from "./capture-output.ts";
import { isAlive, makeControlFolder, remove } from "./control-folder.ts";
import { netstatJson, netstatText } from "./netstat-text.ts";

/** A question is one line, and comes at once. */
const LONGEST_QUESTION = 100;
const PATIENCE_MILLIS = 5000;
/** How long a packet may wait before it is shown. */
const DELAY_MILLIS = 20;
/** How long who watches may take to read the end: a pager that shows its first page holds nobody. */
const FAREWELL_MILLIS = 500;

/** Of a packet, bytes: its headers are what is shown. */
const SNAP_LENGTH = 192;

/** What the answers are about. */
export interface ControlSubject {
  readonly host: Host;
  readonly capture: Capture;
  /** "netwright tun, 10.9.0.2 on nw0 (TUN, MTU 1500)" */
  readonly description: string;
}

export interface ControlServer {
  close(): void;
}

/** Listens for questions. Undefined where there is no place for it that is this user's alone: it works without, and `report` hears why. */
export async function startControl(
  subject: ControlSubject,
  report: (text: string) => void = () => {},
): Promise<ControlServer | undefined> {
  const folder = makeControlFolder(report);
  if (folder === undefined) return undefined;
  const path = join(folder, `${process.pid}.sock`);
  const clients = new Set<Client>();
  const server = createServer((socket) => {
    const client: Client = { socket, farewell: () => socket.destroy() };
    clients.add(client);
    socket.unref();
    socket.on("error", () => {}); // "close" follows
    socket.once("close", () => clients.delete(client));
    hear(client, subject);
  });
  if (!(await listen(server, path))) return undefined;
  const onExit = () => remove(path);
  process.on("exit", onExit);
  return {
    close() {
      process.off("exit", onExit);
      server.close(); // takes the path away
      for (const { socket, farewell } of clients) {
        socket.ref(); // for what it has still to say
        farewell();
        setTimeout(() => socket.destroy(), FAREWELL_MILLIS).unref();
      }
    },
  };
}

interface Client {
  readonly socket: Socket;
  /** What is to be done with it when this process ends. */
  farewell: () => void;
}

/** Whether it listens now. A path that is left of another process is used again. */
async function listen(server: Server, path: string): Promise<boolean> {
  const isBusy = await isAlive(path);
  if (isBusy) return false;
  return new Promise((resolve) => {
    server.on("error", () => resolve(false)); // later ones are of a client for whom no descriptor was left
    server.listen(path, () => resolve(true));
    server.unref();
  });
}

function hear(client: Client, subject: ControlSubject): void {
  const { socket } = client;
  let question = "";
  socket.setTimeout(PATIENCE_MILLIS, () => socket.destroy());
  socket.setEncoding("latin1");
  socket.on("data", (text: string) => {
    if (question.endsWith("\n")) return;
    question += text;
    if (question.endsWith("\n")) {
      socket.setTimeout(0);
      answer(client, question.trim(), subject);
    } else if (question.length > LONGEST_QUESTION) {
      socket.destroy();
    }
  });
}

function answer(client: Client, question: string, { host, capture, description }: ControlSubject): void {
  const { socket } = client;
  switch (question) {
    case "who":
      socket.end(`${description}\n`);
      break;
    case "netstat":
      socket.end(netstatText(host));
      break;
    case "netstat json":
      socket.end(netstatJson(host));
      break;
    case "watch":
      show(client, capture);
      break;
    default:
      socket.end();
  }
}

/** Sends what the host sends and receives, as pcapng, until the client goes. One that is slow misses packets. */
function show(client: Client, capture: Capture): void {
  const { socket } = client;
  const output = new CaptureOutput(
    (bytes, done) => socket.write(bytes, (error) => done(error)),
    DELAY_MILLIS,
    () => socket.destroy(),
    SNAP_LENGTH,
  );
  capture.add(output);
  client.farewell = () => output.stop(() => socket.end(output.stream.take()));
  socket.once("close", () => {
    capture.remove(output);
    output.stop();
  });
}
