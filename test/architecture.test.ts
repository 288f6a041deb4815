/**
 * The house rules that a reader of one file cannot see: which room may know which, what the core may touch, how long a
 * file may be. Each rule is also shown a source that breaks it.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");

/** From the bottom to the top: a room may import from itself and from those named. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  packet: ["base"],
  link: ["base", "packet"],
  ip: ["base", "packet", "link"],
  udp: ["base", "packet", "ip"],
  tcp: ["base", "packet", "ip"],
  sockets: ["base", "packet", "ip", "udp", "tcp"],
  host: ["base", "packet", "link", "ip", "udp", "tcp", "sockets"],
  trace: ["base", "packet", "link", "ip", "udp", "tcp", "sockets", "host"],
  sim: ["base", "packet", "link", "ip", "udp", "tcp", "sockets", "host", "trace"],
  services: ["base", "sockets", "host"],
  drill: ["base", "packet", "link", "ip", "udp", "tcp", "sockets", "host", "sim", "trace"],
  node: [
    ...["base", "packet", "link", "ip", "udp", "tcp", "sockets", "host"],
    ...["sim", "trace", "services", "drill"],
  ],
  // a program like any other: it sees the public face
  vitest: [""],
  // src/index.ts, the public face
  "": ["base", "packet", "link", "ip", "udp", "tcp", "sockets", "host", "sim", "trace", "services"],
};

/** Where a room may see only part of another: DESIGN's "tcp and udp take from ip only addresses and the Path type". */
const DOORS: Readonly<Record<string, readonly string[]>> = {
  "tcp ip": ["src/ip/address.ts", "src/ip/path.ts"],
  "udp ip": ["src/ip/address.ts", "src/ip/path.ts"],
  // sim and trace look at TCP through its public face
  "sim tcp": ["src/tcp/index.ts", "src/tcp/config.ts"],
  "trace tcp": ["src/tcp/index.ts"],
};

/** Rooms that stand outside the core: they may use what their platform has. */
const OUTSIDE = ["node", "vitest"];

/** The one door through which real time, timers and entropy enter. */
const AMBIENT = "src/base/ambient.ts";

const AMBIENT_NAMES = [
  ...["Date", "performance", "setTimeout", "clearTimeout", "setInterval", "setImmediate"],
  ...["queueMicrotask", "MessageChannel", "requestAnimationFrame", "crypto"],
  ...["Buffer", "console", "process", "require", "__dirname", "__filename"],
];

/** Files that may have module state: the pool's slabs, which hosts share because packets cross from one to another. */
const SHARED_STATE = ["src/packet/pool.ts"];

/** Lines. */
const LONGEST_FILE = 400;

interface Source {
  /** "src/tcp/send.ts" */
  readonly path: string;
  readonly text: string;
}

function sources(folder: string): Source[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .map((file) => posix.join(folder, file.replaceAll("\\", "/")))
    .filter((path) => path.endsWith(".ts"))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

/** "tcp" for "src/tcp/recovery/recovery.ts", "" for "src/index.ts". */
function roomOf(path: string): string {
  const parts = path.split("/");
  return parts.length > 2 ? parts[1]! : "";
}

/** `text` without comments. */
function code(text: string): string {
  return text.replace(
    /("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)|\/\*[\s\S]*?\*\/|\/\/.*/g,
    "$1",
  );
}

/** `text` without comments and without what stands between quotes. */
function words(text: string): string {
  return code(text).replace(/"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g, '""');
}

function imports(text: string): string[] {
  const found = code(text).matchAll(/\b(?:from|import)\s*\(?\s*["']([^"']+)["']/g);
  return [...found].map((match) => match[1]!);
}

function wrongArrows({ path, text }: Source): string[] {
  const room = roomOf(path);
  const allowed = ARROWS[room];
  if (allowed === undefined) return [`${path}: there is no room ${room}`];
  return imports(text).flatMap((target) => {
    if (!target.startsWith(".")) {
      return OUTSIDE.includes(room) ? [] : [`${path} imports ${target}, which the core may not`];
    }
    const file = posix.join(posix.dirname(path), target);
    const other = roomOf(file);
    if (!file.startsWith("src/")) return [`${path} imports ${target}, which is outside src`];
    if (other === room) return [];
    if (!allowed.includes(other))
      return [`${path} imports ${file}: ${room} must not know ${other || "index"}`];
    const door = DOORS[`${room} ${other}`];
    if (door === undefined || door.includes(file)) return [];
    return [`${path} imports ${file}: ${room} sees of ${other} only ${door.join(", ")}`];
  });
}

function ambientUses({ path, text }: Source): string[] {
  if (OUTSIDE.includes(roomOf(path)) || path === AMBIENT) return [];
  const names = AMBIENT_NAMES.join("|");
  const pattern = new RegExp(
    `(?<![.\\w$])(?:globalThis\\.)?(${names})\\b(?!\\s*[:?])|\\bMath\\.random\\b`,
    "g",
  );
  return [...words(text).matchAll(pattern)].map((match) => `${path} uses ${match[0]}`);
}

function moduleState({ path, text }: Source): string[] {
  if (SHARED_STATE.includes(path)) return [];
  const found = words(text).matchAll(
    /^(?:export )?(?:let|var) .*|^\s+(?:\w+ )*static (?!.*\breadonly\b)\w+\s*[=:;].*/gm,
  );
  return [...found].map((match) => `${path} has module state: ${match[0].trim()}`);
}

function tooLong({ path, text }: Source): string[] {
  const lines = text.split("\n").length - 1;
  return lines > LONGEST_FILE ? [`${path} has ${lines} lines`] : [];
}

/** What says at run time why it cannot run, `context.skip("no tshark here")`, is another thing. */
function switchedOffTests({ path, text }: Source): string[] {
  const pattern = /\b(?:it|test|describe|suite)(?:\.\w+)*\.(?:skip|todo|only|fails)\b|\bx(?:it|describe)\(/g;
  return [...words(text).matchAll(pattern)].map((match) => `${path} has ${match[0]}`);
}

const inSrc = sources("src");

describe("the house", () => {
  test("imports follow the arrows, and node:* stays in src/node", () => {
    expect(inSrc.flatMap(wrongArrows)).toEqual([]);
  });

  test("the core takes time, timers and entropy through base/ambient.ts alone, and knows no platform", () => {
    expect(inSrc.flatMap(ambientUses)).toEqual([]);
  });

  test("no module has mutable state but the packet pool", () => {
    expect(inSrc.flatMap(moduleState)).toEqual([]);
  });

  test("no file is longer than 400 lines", () => {
    const all = ["src", "examples", "scripts", "bench"].flatMap(sources);
    expect(all.flatMap(tooLong)).toEqual([]);
  });

  test("no test is switched off", () => {
    const others = sources("test").filter(({ path }) => path !== "test/architecture.test.ts");
    expect(others.flatMap(switchedOffTests)).toEqual([]);
  });

  test("rooms have all been looked at", () => {
    const rooms = new Set(inSrc.map(({ path }) => roomOf(path)));
    for (const room of ["base", "packet", "link", "ip", "udp", "tcp", "sockets", "host", "sim", "trace"]) {
      expect(rooms).toContain(room);
    }
  });
});

describe("the rules find what breaks them", () => {
  const source = (path: string, text: string): Source => ({ path, text });

  test.each([
    ["src/base/x.ts", 'import { Packet } from "../packet/packet.ts";', "base must not know packet"],
    ["src/ip/x.ts", 'import type { Tcp } from "../tcp/index.ts";', "ip must not know tcp"],
    ["src/tcp/x.ts", 'import { Ipv4 } from "../ip/ipv4.ts";', "tcp sees of ip only"],
    ["src/tcp/recovery/x.ts", 'export { x } from "../../sockets/core.ts";', "tcp must not know sockets"],
    ["src/sim/x.ts", 'const x = await import("../tcp/tcb.ts");', "sim sees of tcp only"],
    ["src/host/x.ts", 'import { readFileSync } from "node:fs";', "which the core may not"],
    ["src/trace/x.ts", 'import "vitest";', "which the core may not"],
    ["src/host/x.ts", 'import { Host } from "../index.ts";', "host must not know index"],
    ["src/node/x.ts", 'import { x } from "../../test/support/wire.ts";', "outside src"],
    ["src/attic/x.ts", "", "there is no room attic"],
  ])("%s: %s", (path, text, complaint) => {
    expect(wrongArrows(source(path, text)).join()).toContain(complaint);
  });

  test.each([
    "const now = Date.now();",
    "const at = performance.now();",
    "setTimeout(() => {}, 1);",
    "const x = globalThis.process;",
    "const bytes = Buffer.alloc(1);",
    "console.log(1);",
    "const x = Math.random();",
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is source code
    "const text = `${Date.now()}`;",
  ])("%s in the core", (text) => {
    expect(ambientUses(source("src/tcp/x.ts", text))).toHaveLength(1);
    expect(ambientUses(source("src/node/x.ts", text))).toEqual([]);
  });

  test.each(["// Date", '"Date"', "/* setTimeout */", "this.process", "{ process: 1 }"])(
    "but not %s",
    (text) => {
      expect(ambientUses(source("src/tcp/x.ts", text))).toEqual([]);
    },
  );

  test.each(["let count = 0;", "export let count = 0;", "class A {\n  static count = 0;\n}"])(
    "%s",
    (text) => {
      expect(moduleState(source("src/tcp/x.ts", text))).toHaveLength(1);
    },
  );

  test("a file of 401 lines", () => {
    expect(tooLong(source("src/x.ts", "\n".repeat(400)))).toEqual([]);
    expect(tooLong(source("src/x.ts", "\n".repeat(401)))).toEqual(["src/x.ts has 401 lines"]);
  });

  test.each([
    "it.skip('', f)",
    "test.only('', f)",
    "describe.todo('')",
    "test.concurrent.skip",
    "xit('', f)",
  ])("%s", (text) => {
    expect(switchedOffTests(source("test/x.test.ts", text))).toHaveLength(1);
  });
});
