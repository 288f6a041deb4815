/** `sendmsg` and `recvmsg` with control messages. */
import * as netwright from "../../src/index.ts";
import { interfaceIndex } from "./c-face.ts";
import type { Control, Options } from "./face.ts";
import type { Actions, Run } from "./interpreter.ts";
import type { Word } from "./language.ts";
import { hostAddress } from "./places.ts";
import { bytes, errnoName, hex, messageFlags, number, parts, show } from "./words.ts";

export const messageSteps: Actions = {
  sendmsg(run, [s, ...words]) {
    const thing = run.thing(s);
    const found = parts(words, ["to", "control", "flags"]);
    const options: Options = {
      flags: number(found["flags"]?.[0]),
      ...(found["control"] === undefined
        ? {}
        : { control: found["control"].map((word) => control(run, word)) }),
      ...(found["to"] === undefined ? {} : { to: run.place(found["to"][0]) }),
    };
    return run.face.sendmsg(thing, found[""]!.map(bytes), options);
  },

  async recvmsg(run, [s, size, ...words], names) {
    const found = parts(words, ["control", "flags"]);
    const room = Number(found["control"]?.[0] ?? 0);
    const thing = run.thing(s);
    const got = await run.face.recvmsg(thing, Number(size), room, number(found["flags"]?.[0]));
    const shown = got.control.map((item) => showControl(run, thing.host, names, item));
    const head = `${show(got.data)} flags ${messageFlags(got.flags)} from ${run.show(got.from)}`;
    return [head, ...shown].join(" ");
  },
};

function control(run: Run, word: Word): Control {
  const [name, value] = String(word).split("=") as [string, string];
  if (name === "SCM_RIGHTS") {
    const fds = value.split(",").map((each) => run.thing(each).fd);
    return [netwright.SOL_SOCKET, number(name), fds];
  }
  if (name !== "IP_PKTINFO") return [netwright.IPPROTO_IP, number(name), Number(value)];
  const [source, by = "0"] = value.split(",") as [string, string?];
  const ifindex = by === "0" ? 0 : interfaceIndex(run.world.a, by);
  return [netwright.IPPROTO_IP, number(name), { ifindex, spec_dst: hostAddress(source), addr: "0.0.0.0" }];
}

function showControl(
  run: Run,
  host: netwright.Host,
  names: readonly string[],
  [level, type, value]: Control,
): string {
  const fields = value as Record<string, unknown>;
  if (level === netwright.SOL_SOCKET && type === number("SCM_RIGHTS")) {
    const fds = value as number[];
    for (const [index, fd] of fds.entries()) run.keep(names[index], run.face.adopt(host, fd));
    return `SCM_RIGHTS=${fds.length}`;
  }
  if (level === netwright.SOL_SOCKET && type === number("SCM_CREDENTIALS")) {
    return `SCM_CREDENTIALS=${fields["pid"] === 0 ? "other" : "me"}`;
  }
  if (level === netwright.SOL_SOCKET && type === number("SO_TIMESTAMP")) return "SO_TIMESTAMP=16 bytes";
  if (level === netwright.IPPROTO_IP && type === number("IP_PKTINFO")) {
    const by = host.ipv4.interfaces[Number(fields["ifindex"]) - 1]?.name ?? "none";
    return `IP_PKTINFO=${by},${fields["spec_dst"]},${fields["addr"]}`;
  }
  if (level === netwright.IPPROTO_IP && type === number("IP_RECVERR")) {
    const { errno, origin, type: icmp, code, info, offender } = fields;
    const by = offender === "0.0.0.0" || offender === undefined ? "none" : offender;
    return `IP_RECVERR=${errnoName(Number(errno))},${origin},${icmp},${code},${info},${by}`;
  }
  if (level === netwright.IPPROTO_IP && type === number("IP_TTL")) return `IP_TTL=${value}`;
  if (level === netwright.IPPROTO_IP && type === number("IP_TOS")) return `IP_TOS=${value}`;
  if (level === netwright.IPPROTO_TCP && type === number("TCP_INQ")) return `TCP_INQ=${value}`;
  return `${level}:${type}=${value instanceof Uint8Array ? hex(value) : JSON.stringify(value)}`;
}
