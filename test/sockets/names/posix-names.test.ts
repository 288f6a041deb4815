/** The C face's names, spelled as a book spells them. */
import { describe, expect, it } from "vitest";
import {
  AF_INET,
  AF_INET6,
  AI_CANONNAME,
  AI_PASSIVE,
  htons,
  inet_addr,
  inet_ntoa,
  NI_NUMERICHOST,
  NI_NUMERICSERV,
  ntohs,
  type Posix,
  SOCK_DGRAM,
  SOCK_STREAM,
  VirtualClock,
} from "../../../src/index.ts";
import { host } from "../../../src/vitest/index.ts";
import { failure, thrown } from "../../support/world.ts";

function box(): Posix {
  const made = host({ name: "box", clock: new VirtualClock(), seed: 1 });
  made.hosts.add("10.0.0.9", "printer.example.org", "printer", "lp");
  return made.posix;
}

describe("getaddrinfo and getnameinfo", () => {
  it("take hints and give structures, whose functions need no this", async () => {
    const { getaddrinfo, getnameinfo } = box();
    const hints = { ai_family: AF_INET, ai_socktype: SOCK_STREAM, ai_flags: AI_CANONNAME };
    expect(await getaddrinfo("lp", "http", hints)).toEqual([
      {
        ai_flags: AI_CANONNAME,
        ai_family: AF_INET,
        ai_socktype: SOCK_STREAM,
        ai_protocol: 6,
        ai_addr: { family: AF_INET, address: "10.0.0.9", port: 80 },
        ai_canonname: "printer.example.org",
      },
    ]);
    const [any] = await getaddrinfo(null, "53", { ai_flags: AI_PASSIVE, ai_socktype: SOCK_DGRAM });
    expect(any!.ai_addr).toEqual({ family: AF_INET, address: "0.0.0.0", port: 53 });
    expect("ai_canonname" in any!).toBe(false);
    expect(await getaddrinfo("127.0.0.1", null)).toHaveLength(3);
    const where = { sin_family: AF_INET, sin_port: htons(80), sin_addr: { s_addr: inet_addr("10.0.0.9") } };
    expect(await getnameinfo(where)).toEqual({ host: "printer.example.org", service: "http" });
    expect(await getnameinfo({ address: "10.0.0.9", port: 80 }, NI_NUMERICHOST | NI_NUMERICSERV)).toEqual({
      host: "10.0.0.9",
      service: "80",
    });
  });

  it("fail as everywhere", async () => {
    const { getaddrinfo } = box();
    expect((await failure(getaddrinfo("nosuch", "http"))).code).toBe("EAI_NONAME");
    expect((await failure(getaddrinfo("lp", "http", { ai_socktype: 77 }))).code).toBe("EAI_SOCKTYPE");
    await expect(getaddrinfo("lp", "http", { flags: 1 } as never)).rejects.toThrow(
      "ai_protocol }, without flags",
    );
    await expect(getaddrinfo("lp", "http", [] as never)).rejects.toThrow(TypeError);
  });
});

describe("hosts, services and protocols", () => {
  it("are C's structures, with bytes and numbers in network order", async () => {
    const { gethostbyname, gethostbyaddr, getservbyname, getservbyport, getprotobyname, getprotobynumber } =
      box();
    const entry = await gethostbyname("lp");
    expect(entry).toMatchObject({
      h_name: "printer.example.org",
      h_aliases: ["printer", "lp"],
      h_addrtype: AF_INET,
    });
    expect(entry.h_addr_list.map(inet_ntoa)).toEqual(["10.0.0.9"]);
    expect((await gethostbyaddr(entry.h_addr_list[0]!, AF_INET)).h_name).toBe("printer.example.org");
    expect((await gethostbyaddr("10.0.0.9")).h_length).toBe(4);
    expect(getservbyname("www", "tcp")).toEqual({
      s_name: "http",
      s_aliases: ["www"],
      s_port: htons(80),
      s_proto: "tcp",
    });
    expect(ntohs(getservbyname("domain").s_port)).toBe(53);
    expect(getservbyport(htons(69), "udp").s_name).toBe("tftp");
    expect(getprotobyname("UDP")).toEqual({ p_name: "udp", p_aliases: ["UDP"], p_proto: 17 });
    expect(getprotobynumber(1).p_name).toBe("icmp");
  });

  it("fail with errors where C says NULL", async () => {
    const names = box();
    for (const name of ["nosuch", "", "256.1.1.1", "0x7f.1"]) {
      expect((await failure(names.gethostbyname(name))).code).toBe("HOST_NOT_FOUND");
    }
    expect((await names.gethostbyname("127.1")).h_name).toBe("127.1");
    expect((await failure(names.gethostbyaddr("10.9.9.9"))).code).toBe("HOST_NOT_FOUND");
    expect((await failure(names.gethostbyaddr("10.9.9.9", AF_INET6))).code).toBe("EAFNOSUPPORT");
    await expect(names.gethostbyaddr("lp")).rejects.toThrow('4 bytes or a dotted quad, not "lp"');
    expect(thrown(() => names.getservbyname("nosuch", "tcp")).message).toBe(
      "getservbyname ENOENT nosuch/tcp",
    );
    expect(thrown(() => names.getprotobynumber(200)).code).toBe("ENOENT");
    expect(() => names.getservbyport(65_536)).toThrow(RangeError);
    expect(names.gethostname()).toBe("box");
    names.sethostname("other");
    expect(names.gethostname()).toBe("other");
  });
});
