/** docs/sockets.md is what its generator makes now, and complete: what the package exports, and what a textbook names. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { callsOf, oneLine, PAGE, socketsPage } from "../../scripts/sockets-page.ts";
import { CALL_GROUPS } from "../../scripts/sockets-page-plan.ts";
import { errno } from "../../src/index.ts";
import * as numbers from "../../src/sockets/constants.ts";
import * as nameNumbers from "../../src/sockets/names/constants.ts";
import { ERRORS } from "../support/errors.ts";
import { network } from "../support/world.ts";

const page = readFileSync(PAGE, "utf8");
/** The first cells of all tables, without their marks. */
const entries = new Set([...page.matchAll(/^\| `(.*?)` \|/gm)].map((match) => match[1]!));
/** The names of the calls under a heading. */
function callsUnder(title: string): Set<string> {
  const part = page.split(/^## /m).find((each) => each.startsWith(`${title}\n`))!;
  const found = part.matchAll(/^\| `(?:host\.|socket\.|poller\.|epoller\.|file\.|core\.)?([\w.]+)/gm);
  return new Set([...found].map((match) => match[1]!));
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

it("is what `npm run sockets-page` makes", () => {
  expect(page, "run `npm run sockets-page`").toBe(socketsPage());
});

describe("is complete:", () => {
  it("every exported number", () => {
    const names = [...Object.keys(numbers), ...Object.keys(nameNumbers)];
    expect(names.length).toBeGreaterThan(200);
    expect(names.filter((name) => !entries.has(name))).toEqual([]);
  });

  it("every error of the package, and every one that a textbook names", () => {
    const names = [...Object.keys(errno), ...ERRORS.map(([name]) => name)];
    expect(names.filter((name) => !entries.has(name))).toEqual([]);
  });

  it("every option that a textbook names", () => {
    const options = words(`
      SO_ACCEPTCONN SO_BINDTODEVICE SO_BROADCAST SO_DOMAIN SO_DONTROUTE SO_ERROR SO_INCOMING_CPU SO_KEEPALIVE SO_LINGER
      SO_MARK SO_MAX_PACING_RATE SO_OOBINLINE SO_PRIORITY SO_PROTOCOL SO_RCVBUF SO_RCVBUFFORCE SO_RCVLOWAT SO_RCVTIMEO
      SO_REUSEADDR SO_REUSEPORT SO_SNDBUF SO_SNDBUFFORCE SO_SNDLOWAT SO_SNDTIMEO SO_TIMESTAMP SO_TYPE
      TCP_CONGESTION TCP_CORK TCP_DEFER_ACCEPT TCP_INFO TCP_KEEPCNT TCP_KEEPIDLE TCP_KEEPINTVL TCP_LINGER2 TCP_MAXSEG
      TCP_NODELAY TCP_NOTSENT_LOWAT TCP_QUICKACK TCP_SYNCNT TCP_USER_TIMEOUT TCP_WINDOW_CLAMP TCP_INQ
      IP_ADD_MEMBERSHIP IP_DROP_MEMBERSHIP IP_FREEBIND IP_HDRINCL IP_MTU IP_MTU_DISCOVER IP_MULTICAST_IF
      IP_MULTICAST_LOOP IP_MULTICAST_TTL IP_OPTIONS IP_PKTINFO IP_RECVERR IP_RECVTOS IP_RECVTTL IP_TOS IP_TRANSPARENT
      IP_TTL IP_UNICAST_IF`);
    const rows = [...page.matchAll(/^\| `(\w+)` \| \d+ \| (?:get|set)/gm)].map((match) => match[1]!);
    expect(options.filter((name) => !rows.includes(name))).toEqual([]);
  });

  it("every flag, event, command and request that a textbook names", () => {
    const flags = words(`
      MSG_PEEK MSG_OOB MSG_WAITALL MSG_DONTWAIT MSG_TRUNC MSG_NOSIGNAL MSG_MORE MSG_EOR MSG_ERRQUEUE MSG_CTRUNC
      MSG_DONTROUTE POLLIN POLLOUT POLLPRI POLLERR POLLHUP POLLNVAL POLLRDHUP EPOLLET EPOLLONESHOT EPOLLEXCLUSIVE
      F_GETFL F_SETFL F_DUPFD O_NONBLOCK FIONREAD FIONBIO SIOCATMARK SIOCINQ SIOCOUTQ SIOCGIFCONF SIOCGIFADDR
      SHUT_RD SHUT_WR SHUT_RDWR SOCK_NONBLOCK SOCK_CLOEXEC SCM_RIGHTS AI_PASSIVE AI_CANONNAME AI_NUMERICHOST
      AI_NUMERICSERV AF_INET PF_INET AF_UNIX AF_LOCAL PF_UNIX PF_LOCAL AF_PACKET AF_INET6 AF_NETLINK AF_X25 AF_AX25
      AF_ATMPVC AF_APPLETALK AF_IPX SOCK_STREAM SOCK_DGRAM SOCK_RAW SOCK_SEQPACKET SOCK_RDM`);
    expect(flags.filter((name) => !entries.has(name))).toEqual([]);
    expect(page).toContain("AF_NS");
  });

  it.each([
    [
      "Calls of a socket, the Python way",
      `bind listen accept connect connect_ex send sendall sendto sendmsg recv recv_into recvfrom recvfrom_into recvmsg
       recvmsg_into shutdown close detach fileno getsockname getpeername getsockopt setsockopt setblocking getblocking
       settimeout gettimeout makefile dup readable writable`,
    ],
    [
      "Calls of a host, the Python way",
      `socket socketpair create_connection create_server has_dualstack_ipv6 gethostbyname gethostbyname_ex gethostbyaddr
       getaddrinfo getnameinfo gethostname sethostname getfqdn getservbyname getservbyport getprotobyname select poll
       epoll stream datagram netstat close hosts services limits capabilities detach`,
    ],
    [
      "Calls by descriptor, the C way",
      `socket bind listen accept accept4 connect send recv sendto recvfrom close select poll read write readv writev
       sendmsg recvmsg shutdown getsockname getpeername getsockopt setsockopt fcntl ioctl dup dup2 socketpair
       epoll_create1 epoll_ctl epoll_wait sockatmark`,
    ],
    [
      "Functions of the package",
      "inet_aton inet_ntoa inet_pton inet_ntop inet_addr htons htonl ntohs ntohl strerror gai_strerror",
    ],
    ["The synchronous core", "bind connect listen accept send receive shutdown close readiness onReadiness"],
  ])("%s", (title, calls) => {
    const there = callsUnder(title);
    expect(words(calls).filter((name) => !there.has(name))).toEqual([]);
  });

  it("everything that the C face has at run time", () => {
    const there = callsUnder("Calls by descriptor, the C way");
    const { posix } = network({ seed: 1 }).host("a");
    const own = Object.entries(posix).filter(([, value]) => typeof value === "function");
    expect(own.length).toBeGreaterThan(40);
    expect(own.map(([name]) => name).filter((name) => !there.has(name))).toEqual([]);
  });
});

describe("can be read:", () => {
  it("every call has a description of whole sentences, at most 220 characters", () => {
    const calls = CALL_GROUPS.flatMap(callsOf);
    expect(calls.length).toBeGreaterThan(150);
    for (const { name, text } of calls) {
      const line = oneLine(text);
      expect(line.length, name).toBeGreaterThan(5);
      expect(line.length, name).toBeLessThanOrEqual(220);
      expect(line, name).toMatch(/[.…]$/);
      expect(line.split("(").length, name).toBe(line.split(")").length);
    }
  });

  it("every call says what it gives", () => {
    const silent = CALL_GROUPS.flatMap(callsOf).filter(({ gives }) => gives === "");
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  it("its contents lead to its headings", () => {
    const headings = [...page.matchAll(/^## (.*)$/gm)].map((match) => match[1]!);
    const links = [...page.matchAll(/^- \[(.*)\]\(#(.*)\)$/gm)];
    expect(links.map((match) => match[1])).toEqual(headings);
    const anchors = headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    );
    expect(links.map((match) => match[2])).toEqual(anchors);
  });

  it("all rows of a table have as many cells as its head", () => {
    let cells = 0;
    for (const line of page.split("\n")) {
      if (!line.startsWith("|")) cells = 0;
      else {
        const count = line.replaceAll("\\|", "").split("|").length;
        if (cells === 0) cells = count;
        expect(count, line).toBe(cells);
      }
    }
  });
});

describe("oneLine", () => {
  it("takes the sentences that fit, and leaves lists of errors out", () => {
    expect(oneLine("Binds it. EADDRINUSE, EINVAL (bound already).")).toBe("Binds it.");
    expect(oneLine("One. Two. `three` too.")).toBe("One. Two. `three` too.");
    expect(oneLine(`Short. Long ${"and longer ".repeat(15)}.`)).toBe("Short.");
  });

  it("takes the first sentence as a whole, however long", () => {
    const sentence = `What it does, ${"and so on ".repeat(16)}(and more).`;
    expect(oneLine(`${sentence} More.`)).toBe(sentence);
  });
});
