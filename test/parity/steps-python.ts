/** What Python's socket object does by itself: time-outs, files, whole buffers. The C face has none of it. */
import type { Socket } from "../../src/index.ts";
import { method } from "./face.ts";
import type { Actions, Run } from "./interpreter.ts";
import type { Word } from "./language.ts";
import { bytes, errnoName, number, parts, show, text } from "./words.ts";

export const pythonSteps: Actions = {
  async connect_ex(run, [s, word]) {
    const place = run.place(word);
    const where = place.kind === "unix" ? place.path : place;
    const code = await socketOf(run, s).connect_ex(where as never);
    return code === 0 ? "0" : errnoName(code);
  },

  async sendall(run, [s, data, flags]) {
    await socketOf(run, s).sendall(bytes(data), number(flags));
  },

  async recv_into(run, [s, size, count, flags]) {
    const buffer = new Uint8Array(Number(size));
    const got = await socketOf(run, s).recv_into(buffer, Number(count ?? 0), number(flags));
    return `${got} ${show(buffer)}`;
  },

  async recvfrom_into(run, [s, size]) {
    const buffer = new Uint8Array(Number(size));
    const [got, from] = await socketOf(run, s).recvfrom_into(buffer);
    return `${got} ${show(buffer)} from ${run.show({ kind: "inet", ...from })}`;
  },

  setblocking(run, [s, flag]) {
    socketOf(run, s).setblocking(flag === "1");
  },

  getblocking: (run, [s]) => (socketOf(run, s).getblocking() ? "True" : "False"),

  settimeout(run, [s, millis]) {
    socketOf(run, s).settimeout(millis === "none" ? null : Number(millis));
  },

  gettimeout: (run, [s]) => socketOf(run, s).gettimeout() ?? "none",

  detach(run, [s]) {
    socketOf(run, s).detach();
  },

  async create_connection(run, [word], names) {
    const { a } = run.world;
    const socket = (await method(a, "create_connection")(run.place(word))) as Socket;
    run.keep(names[0], { host: a, fd: socket.fileno(), socket });
  },

  async create_server(run, [word], names) {
    const { a } = run.world;
    const socket = (await method(a, "create_server")(run.place(word))) as Socket;
    run.keep(names[0], { host: a, fd: socket.fileno(), socket });
  },

  makefile(run, [s, mode, ...words], names) {
    const found = parts(words, ["buffering", "newline"]);
    const options = {
      ...(found["buffering"] === undefined ? {} : { buffering: Number(found["buffering"][0]) }),
      ...(found["newline"] === undefined ? {} : { newline: text(found["newline"][0]) }),
    };
    const file = method(socketOf(run, s), "makefile")(String(mode), options);
    run.keep(names[0], { host: run.world.a, fd: -1, file });
  },

  async fread(run, [f, size]) {
    return showFile(await fileCall(run, f, "read")(Number(size ?? -1)));
  },

  async freadline(run, [f]) {
    return showFile(await fileCall(run, f, "readline")());
  },

  async freadlines(run, [f]) {
    const lines: string[] = [];
    for await (const line of run.thing(f).file as AsyncIterable<unknown>) lines.push(showFile(line));
    return lines.join(" ") || "none";
  },

  fwrite(run, [f, data]) {
    const file = run.thing(f).file as { mode?: string };
    const isText = file.mode !== undefined && !file.mode.includes("b");
    return fileCall(run, f, "write")(isText ? text(data) : bytes(data));
  },

  fflush: (run, [f]) => fileCall(run, f, "flush")(),

  fclose: (run, [f]) => fileCall(run, f, "close")(),
};

function socketOf(run: Run, name: Word | undefined): Socket {
  const { socket } = run.thing(name);
  if (socket === undefined) throw new Error(`${name} is a descriptor without a socket object`);
  return socket;
}

function fileCall(run: Run, name: Word | undefined, call: string): ReturnType<typeof method> {
  return method(run.thing(name).file as object, call);
}

function showFile(value: unknown): string {
  if (value === null || value === undefined) return "none";
  return show(typeof value === "string" ? new TextEncoder().encode(value) : (value as Uint8Array));
}
