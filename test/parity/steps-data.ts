/** Steps that send and receive. */
import { MSG_DONTWAIT, SocketError } from "../../src/index.ts";
import { method } from "./face.ts";
import type { Actions } from "./interpreter.ts";
import { echoRequest, showPacket } from "./ping.ts";
import { hostAddress } from "./places.ts";
import { bytes, number, show } from "./words.ts";

export const dataSteps: Actions = {
  send: (run, [s, data, flags]) => run.face.send(run.thing(s), bytes(data), number(flags)),

  sendto(run, [s, data, word, flags]) {
    return run.face.sendto(run.thing(s), bytes(data), number(flags), run.place(word));
  },

  /** Sends until nothing more is taken, not even after a while. */
  async fill(run, [s]) {
    const thing = run.thing(s);
    const chunk = new Uint8Array(65_536).fill(120);
    let taken = 0;
    do {
      taken = 0;
      await untilAgain("full", async () => {
        const count = await run.face.send(thing, chunk, MSG_DONTWAIT);
        taken += count;
        return count;
      });
      await run.world.net.sleep(60); // longer than an acknowledgement is put off
    } while (taken > 0);
    return "full";
  },

  async drain(run, [s]) {
    const thing = run.thing(s);
    return untilAgain("empty", async () => {
      const { length } = await run.face.recv(thing, 65_536, MSG_DONTWAIT);
      await run.world.net.sleep(1);
      return length;
    });
  },

  async recv(run, [s, size, flags]) {
    return show(await run.face.recv(run.thing(s), Number(size), number(flags)));
  },

  /** C's own return value: with MSG_TRUNC it may be more than the buffer holds. */
  recv_length(run, [s, size, flags]) {
    const { host, fd } = run.thing(s);
    return host.posix.recv(fd, new Uint8Array(Number(size)), number(flags));
  },

  async recvfrom(run, [s, size, flags]) {
    const [data, from] = await run.face.recvfrom(run.thing(s), Number(size), number(flags));
    return `${show(data)} from ${run.show(from)}`;
  },

  async recvfrom_length(run, [s, size, flags]) {
    const [data, from] = await run.face.recvfrom(run.thing(s), Number(size), number(flags));
    return `${data.length} from ${run.show(from)}`;
  },

  /** Of AF_PACKET: what the frame is on, too. */
  async recvfrom_hardware(run, [s, size, flags]) {
    const [data, from] = await run.face.recvfrom(run.thing(s), Number(size), number(flags));
    return `${show(data)} from ${run.show(from)} ${from.kind === "packet" ? from.hardware : "none"}`;
  },

  async read(run, [s, size]) {
    const { host, fd } = run.thing(s);
    const buffer = new Uint8Array(Number(size));
    return show(buffer.subarray(0, await host.posix.read(fd, buffer)));
  },

  write(run, [s, data]) {
    const { host, fd } = run.thing(s);
    return host.posix.write(fd, bytes(data));
  },

  async readv(run, [s, ...sizes]) {
    const { host, fd } = run.thing(s);
    const buffers = sizes.map((size) => new Uint8Array(Number(size)));
    const count = await method(host.posix, "readv")(fd, buffers);
    return `${count} ${buffers.map(show).join(" ")}`;
  },

  writev(run, [s, ...data]) {
    const { host, fd } = run.thing(s);
    return method(host.posix, "writev")(fd, data.map(bytes));
  },

  ping(run, [s, word, identifier, sequence, data, header]) {
    const place = run.place(word);
    const target = place.kind === "inet" ? place.address : hostAddress("b");
    const message = echoRequest(Number(identifier), Number(sequence), bytes(data), header, target);
    return run.face.sendto(run.thing(s), message, 0, place);
  },

  async recv_raw(run, [s, flags]) {
    const [data, from] = await run.face.recvfrom(run.thing(s), 4096, number(flags));
    return `${showPacket(data)} from ${run.show(from)}`;
  },
};

/** Calls until it fails with EAGAIN: then `word`; "end" when it gives 0. */
async function untilAgain(word: string, call: () => Promise<number>): Promise<string> {
  try {
    while ((await call()) > 0);
    return "end";
  } catch (error) {
    if (error instanceof SocketError && error.errno === -11) return word;
    throw error;
  }
}
