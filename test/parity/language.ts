/**
 * The little language of the socket programs: `programs/*.txt`, read once and executed by three drivers (Python's
 * `socket` on the kernel, netwright's Python face, netwright's C face). README.md beside this file describes it.
 *
 * This file knows the form alone: programs, steps, words. What a step means is in interpreter.ts and kernel.py.
 */

/** A word as it is, or bytes: a string in which every character is one byte. */
export type Word = string | { readonly data: string };

export interface Step {
  /** As it is written, for people. */
  readonly text: string;
  /** The names that the results get. */
  readonly names: readonly string[];
  readonly op: string;
  readonly words: readonly Word[];
  /** How long it may take before it counts as one that `blocks`, ms. */
  readonly within: number;
}

export interface Program {
  readonly name: string;
  readonly title: string;
  /** Where it is written: "programs/bind.txt:12". */
  readonly place: string;
  /** The faces that can run it: both unless the program says `only python` or `only c`. */
  readonly faces: readonly Face[];
  /** It needs hosts, ports or rights that a machine's own loopback does not give. */
  readonly needsNamespace: boolean;
  /** It needs a right that root has outside of namespaces alone. */
  readonly needsRoot: boolean;
  /** It needs a second host. */
  readonly wide: boolean;
  readonly steps: readonly Step[];
}

export type Face = "python" | "c";

/** A step that takes longer blocks, unless it says otherwise, ms. */
const PATIENCE = 250;
/** Steps that are many calls. */
const LONGER = new Map([
  ["fill", 3000],
  ["drain", 3000],
]);

/** Steps that only one face has: what Python's socket object does above the kernel, and what only C calls have. */
const PYTHON_ONLY = new Set([
  ...[
    "connect_ex",
    "settimeout",
    "gettimeout",
    "setblocking",
    "getblocking",
    "sendall",
    "detach",
    "recv_into",
  ],
  ...["makefile", "fread", "freadline", "freadlines", "fwrite", "fflush", "fclose", "recvfrom_into"],
  ...["create_connection", "create_server"],
]);

/** Names of hosts in addresses that are not this machine alone. */
const WIDE = /^(?:a|b|silent|nobody|unreachable|prohibited|dropped|noroute|subnet):|^10\./;
/** Addresses that are safe on anybody's loopback: a port that the kernel picks, and what needs no port. */
const SAFE = /^(?:lo|any):0$|^(?:unix:|@|none$|unspec$|family:)/;
const ADDRESS = /^(?:[a-z]+|\d+\.\d+\.\d+\.\d+):\d+$/;
/** Steps that change the process or look at its network. */
const PRIVILEGED =
  /\b(?:drop|limit|SOCK_RAW|IPPROTO_ICMP|AF_PACKET|SIOCGIF\w+|IP_ADD_MEMBERSHIP|SO_BINDTODEVICE)\b/;

/** Steps that many programs begin with. */
const MACROS: Readonly<Record<string, (names: readonly string[]) => string[]>> = {
  tcp: ([s]) => [`${s} = socket AF_INET SOCK_STREAM`],
  udp: ([s]) => [`${s} = socket AF_INET SOCK_DGRAM`],
  listener: ([s]) => [`${s} = socket AF_INET SOCK_STREAM`, `bind ${s} lo:0`, `listen ${s} 5`],
  receiver: ([s]) => [`${s} = socket AF_INET SOCK_DGRAM`, `bind ${s} lo:0`],
  connection: ([s, c, a]) => [
    ...MACROS["listener"]!([s!]),
    `${c} = socket AF_INET SOCK_STREAM`,
    `connect ${c} @${s}`,
    `${a} = accept ${s}`,
  ],
  "udp-pair": ([u, v]) => [
    ...MACROS["receiver"]!([u!]),
    ...MACROS["receiver"]!([v!]),
    `connect ${u} @${v}`,
    `connect ${v} @${u}`,
  ],
};

/** The programs of one file. Throws an Error that names the line. */
export function parsePrograms(text: string, file: string): Program[] {
  const programs: Program[] = [];
  let head: Head | undefined;
  let lines: string[] = [];
  const finish = () => {
    if (head !== undefined) programs.push(program(head, lines));
    lines = [];
  };
  for (const [index, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    const place = `${file}:${index + 1}`;
    if (line === "" || line.startsWith("#")) continue;
    const title = /^== (\S+)\s*(.*)$/.exec(line);
    if (title !== null) {
      finish();
      head = { name: title[1]!, title: title[2]!, place, faces: ["python", "c"], wire: false };
    } else if (head === undefined) {
      throw new Error(`${place}: a step before the first "== name"`);
    } else if (/^only (python|c)$/.test(line)) {
      head.faces = [line.slice(5) as Face];
    } else if (line === "needs wire") {
      head.wire = true;
    } else {
      lines.push(line);
    }
  }
  finish();
  return programs;
}

/** What stands above a program's steps. */
interface Head {
  readonly name: string;
  readonly title: string;
  readonly place: string;
  faces: Face[];
  /** It says that it needs a second host, whose address it does not name. */
  wire: boolean;
}

function program({ wire, ...head }: Head, lines: readonly string[]): Program {
  const steps = lines.flatMap((line) => expand(line)).map((line) => step(line, head.place));
  const words = steps.flatMap((each) => each.words).filter((word) => typeof word === "string");
  const wide =
    wire || words.some((word) => WIDE.test(word)) || steps.some((each) => / on b\b/.test(each.text));
  const unsafe = words.some((word) => ADDRESS.test(word) && !SAFE.test(word));
  const privileged = steps.some((each) => PRIVILEGED.test(each.text));
  const pythonOnly = steps.some((each) => PYTHON_ONLY.has(each.op));
  const faces = pythonOnly ? head.faces.filter((face) => face === "python") : head.faces;
  const needsRoot = steps.some((each) => /BUFFORCE/.test(each.text));
  return { ...head, faces, needsNamespace: wide || unsafe || privileged, needsRoot, wide, steps };
}

function expand(line: string): string[] {
  const found = /^([\w ]+?) = ([\w-]+)$/.exec(line);
  const macro = found === null ? undefined : MACROS[found[2]!];
  return macro === undefined ? [line] : macro(found![1]!.split(" "));
}

function step(text: string, place: string): Step {
  const words = split(text, place);
  let within = 0;
  const patience = words.indexOf("within");
  if (patience >= 0) within = Number(words.splice(patience, 2)[1]);
  const equals = words.indexOf("=");
  const names = equals < 0 ? [] : words.slice(0, equals).map(String);
  const [op, ...rest] = words.slice(equals + 1);
  if (typeof op !== "string" || !Number.isInteger(within)) throw new Error(`${place}: what is "${text}"?`);
  return { text, names, op, words: rest, within: within || (LONGER.get(op) ?? PATIENCE) };
}

/** The words of a line. `"text"` with JSON's escapes is bytes, `"text"*3` that three times over. */
function split(text: string, place: string): Word[] {
  const words: Word[] = [];
  const pattern = /\s*(?:("(?:\\.|[^"\\])*")(?:\*(\d+))?|(\S+))/gy;
  for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
    const [, quoted, times = "1", plain] = found;
    if (quoted === undefined) words.push(plain!);
    else words.push({ data: (JSON.parse(quoted) as string).repeat(Number(times)) });
  }
  if (words.length === 0) throw new Error(`${place}: an empty step`);
  return words;
}
