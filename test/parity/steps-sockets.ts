/** Steps that make, name, connect and end sockets. */
import type { Actions } from "./interpreter.ts";
import { number } from "./words.ts";

export const socketSteps: Actions = {
  socket(run, words, names) {
    const host = words.includes("on") ? run.world.b! : run.world.a;
    const protocol = words[2] === undefined || words[2] === "on" ? 0 : number(words[2]);
    run.keep(names[0], run.face.socket(host, number(words[0]), number(words[1]), protocol));
  },

  socketpair(run, words, names) {
    const [family, type, protocol] = words.map(number);
    const [left, right] = run.face.socketpair(run.world.a, family!, type!, protocol ?? 0);
    run.keep(names[0], left);
    run.keep(names[1], right);
  },

  async close(run, [s]) {
    await run.face.close(run.thing(s));
  },

  dup(run, [s], names) {
    run.keep(names[0], run.face.dup(run.thing(s)));
  },

  dup2(run, [s, t]) {
    const { host, fd } = run.thing(s);
    host.posix.dup2(fd, run.thing(t).fd);
  },

  shutdown(run, [s, how]) {
    run.face.shutdown(run.thing(s), number(how));
  },

  bind(run, [s, word]) {
    run.face.bind(run.thing(s), run.place(word));
  },

  listen(run, [s, backlog]) {
    run.face.listen(run.thing(s), Number(backlog));
  },

  async accept(run, [s], names) {
    const [connection, peer] = await run.face.accept(run.thing(s));
    run.keep(names[0], connection);
    return run.show(peer);
  },

  async accept4(run, [s, flags], names) {
    const { host, fd } = run.thing(s);
    const accepted = await host.posix.accept4(fd, number(flags));
    run.keep(names[0], run.face.adopt(host, accepted.fd));
  },

  async connect(run, [s, word]) {
    await run.face.connect(run.thing(s), run.place(word));
  },

  getsockname(run, [s]) {
    return run.show(run.face.getsockname(run.thing(s)));
  },

  getpeername(run, [s]) {
    return run.show(run.face.getpeername(run.thing(s)));
  },

  async sleep(run, [millis]) {
    await run.world.net.sleep(Number(millis));
  },

  cut(run) {
    run.world.net.partition(run.world.a, run.world.b!);
  },

  drop(run, [capability]) {
    run.world.a.capabilities.delete(String(capability) as never);
  },

  /** Room for so many descriptors more than are open now. */
  limit(run, [count]) {
    const { descriptors } = run.world.a;
    let free = 0;
    let highest = 3; // below stand the three that every process has
    for (; free < Number(count); highest++) if (descriptors.get(highest) === undefined) free++;
    run.world.a.limits.descriptors = highest;
  },

  unlink(run, [word]) {
    const place = run.place(word);
    run.world.a.unlink(place.kind === "unix" ? place.path : "");
  },

  exists(run, [word]) {
    const place = run.place(word);
    return run.world.a.unix.names.exists(place.kind === "unix" ? place.path : "") ? "yes" : "no";
  },
};
