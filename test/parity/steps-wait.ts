/** Steps that ask for readiness, or wait for it. */
import type { EpollEvent } from "../../src/index.ts";
import type { Thing } from "./face.ts";
import type { Actions, Run } from "./interpreter.ts";
import type { Word } from "./language.ts";
import { epollMask, number, parts, pollMask } from "./words.ts";

const ANY = "POLLIN|POLLPRI|POLLOUT|POLLRDHUP";

export const waitSteps: Actions = {
  poll: (run, [s, events, timeout]) => poll(run, s, events ?? ANY, Number(timeout ?? 0)),

  wait: (run, [s, events, timeout]) => poll(run, s, events ?? ANY, Number(timeout ?? 200)),

  async select(run, words) {
    const found = parts(words, ["read", "write", "except", "timeout"]);
    const named = (key: string) => found[key] ?? [];
    const fds = (key: string) => named(key).map((name) => run.thing(name).fd);
    const sets = { read: fds("read"), write: fds("write"), except: fds("except") };
    const ready = await run.world.a.posix.select(sets, Number(named("timeout")[0] ?? 0));
    const shown = (key: "read" | "write" | "except") =>
      `${key}(${named(key)
        .filter((name) => ready[key].includes(run.thing(name).fd))
        .join(" ")})`;
    return [shown("read"), shown("write"), shown("except")].join(" ");
  },

  epoll(run, [flags], names) {
    const { a } = run.world;
    run.keep(names[0], { host: a, fd: a.posix.epoll_create1(number(flags)) } satisfies Thing);
  },

  epoll_ctl(run, [e, op, s, events]) {
    const { host, fd } = run.thing(e);
    const target = run.thing(s).fd;
    host.posix.epoll_ctl(fd, number(op), target, { events: number(events), data: target });
  },

  async epoll_wait(run, [e, most, timeout]) {
    const { host, fd } = run.thing(e);
    const found: EpollEvent[] = [];
    await host.posix.epoll_wait(fd, found, Number(most ?? 16), Number(timeout ?? 0));
    const shown = found.map(({ events, data }) => `${run.nameOf(Number(data))}:${epollMask(events)}`);
    return shown.sort().join(" ") || "none";
  },
};

async function poll(run: Run, s: Word | undefined, events: Word, timeout: number): Promise<string> {
  const { host, fd } = run.thing(s);
  const asked = { fd, events: number(events), revents: 0 };
  await host.posix.poll([asked], timeout);
  return pollMask(asked.revents);
}
