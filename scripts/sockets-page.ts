/**
 * Writes docs/sockets.md, the reference of the sockets API, from the source: `npm run sockets-page`. Calls and constants are
 * told by their doc comments, options by the rows of their tables. test/docs/sockets-page.test.ts checks that the page is
 * what this makes now.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import * as netwright from "../src/index.ts";
import { ERROR_TEXTS } from "../src/sockets/error-texts.ts";
import { OPTIONS, type Option } from "../src/sockets/options/index.ts";
import {
  CALL_GROUPS,
  type CallGroup,
  CONSTANT_GROUPS,
  type ConstantGroup,
  INTRODUCTION,
  NOT_HERE,
} from "./sockets-page-plan.ts";
import { type Constant, classMembers, constants, type Documented, functions } from "./source-docs.ts";

const ROOT = new URL("..", import.meta.url);
export const PAGE = new URL("docs/sockets.md", ROOT);
/** Characters of a line of text. */
const LINE = 120;
/** Characters of a description, unless its first sentence has more. */
const LONGEST = 160;

const errors = constants(read("src/base/errno.ts"));
const optionNumbers = constants(read("src/sockets/option-numbers.ts"));

/** The page as it is to be. */
export function socketsPage(): string {
  const sections = [
    ...CALL_GROUPS.map(callSection),
    optionsSection(),
    ...CONSTANT_GROUPS.map((group) => section(group.title, group.text, constantTable(groupOf(group)))),
    errorSection(),
    missingSection(),
  ];
  const titles = sections.map((text) => /^## (.*)/.exec(text)![1]!);
  const contents = titles.map((title) => `- [${title}](#${anchor(title)})`);
  return `${[INTRODUCTION, contents.join("\n"), ...sections].join("\n\n")}\n`;
}

function callSection(group: CallGroup): string {
  const calls = callsOf(group);
  const rows = calls.map((call) => {
    const { name, parameters, gives, text } = call;
    const called = parameters === undefined ? name : `${name}(${parameters})`;
    return [
      code(`${group.prefix}${called}`.replace(".[", "[")),
      ["", "void", "unknown", "never"].includes(gives) ? "" : code(gives),
      inCell(oneLine(text)),
      errorsOf(call, calls, group.quoting).join(", "),
    ];
  });
  return section(group.title, group.text, table(["call", "gives", "what it does", "errors above all"], rows));
}

/** The calls of a group: of each name the first that has a doc comment. */
export function callsOf({ classes = [], files = [], hidden = [] }: CallGroup): Documented[] {
  const found = [
    ...classes.flatMap(([file, name]) => classMembers(read(file), name)),
    ...files.flatMap((file) => functions(read(file)).filter(({ name }) => name in netwright)),
  ];
  const byName = new Map<string, Documented>();
  for (const each of found) {
    if (hidden.includes(each.name) || (each.isAbstract && each.text === "")) continue;
    const before = byName.get(each.name);
    if (before === undefined || (before.text === "" && each.text !== "")) byName.set(each.name, each);
  }
  const calls = [...byName.values()];
  const silent = calls.filter(({ text }) => text === "").map(({ name }) => name);
  if (silent.length > 0) throw new Error(`without a doc comment: ${silent.join(", ")}`);
  return calls;
}

function optionsSection(): string {
  const levels = [...new Set(OPTIONS.map(({ level }) => level))];
  const parts = levels.map((level) => {
    const rows = OPTIONS.filter((entry) => entry.level === level).map(optionRow);
    return `### ${LEVELS.get(level)}\n\n${table(["option", "number", "get, set", "takes", "default", "unit", "what it does"], rows)}`;
  });
  return section("Options", OPTIONS_TEXT, parts.join("\n\n"));
}

const LEVELS: ReadonlyMap<number, string> = new Map([
  [netwright.SOL_SOCKET, "Options of level SOL_SOCKET"],
  [netwright.IPPROTO_IP, "Options of level IPPROTO_IP"],
  [netwright.IPPROTO_TCP, "Options of level IPPROTO_TCP"],
  [netwright.SOL_UDP, "Options of level SOL_UDP"],
  [netwright.SOL_RAW, "Options of level SOL_RAW"],
  [netwright.SOL_PACKET, "Options of level SOL_PACKET"],
]);

const OPTIONS_TEXT =
  "For `getsockopt` and `setsockopt` of both faces. Numbers and flags are numbers, what C keeps in a structure is an " +
  "object. An option that is not here, not at this level or not to be set is ENOPROTOOPT, a value out of range EINVAL. " +
  `See ${manual("socket(7)")}, ${manual("ip(7)")}, ${manual("tcp(7)")}.`;

function optionRow({ name, number, kind, row }: Option): string[] {
  const ways = [row.get && "get", row.set && "set"].filter((way) => way !== undefined).join(", ");
  const range = row.range === undefined ? "" : `, ${row.range[0]} to ${row.range[1]}`;
  const takes = row.set === undefined ? "" : `${kind.takes}${range}`;
  const initial = row.default === undefined ? "" : String(row.default);
  return [
    code(name),
    String(number),
    ways,
    inCell(takes),
    inCell(initial),
    row.unit ?? "",
    inCell(row.summary),
  ];
}

function constantTable(list: readonly Constant[]): string {
  const rows = list.map(({ name, value, text }) => {
    const alias = /^[A-Z]/.test(value) ? `the same as ${code(value)}` : "";
    if (text === "" && alias === "") throw new Error(`${name} has no doc comment`);
    return [code(name), numberOf(name, value), inCell(oneLine(text)) || alias];
  });
  return table(["name", "number", "what it means"], rows);
}

function groupOf({ file, group, also }: ConstantGroup): Constant[] {
  const list = constants(read(file)).filter((each) => each.group === group);
  if (list.length === 0) throw new Error(`${file} has no group "${group}"`);
  const others = also === undefined ? [] : constants(read(also));
  return [...list, ...others.filter(({ name }) => !list.some((each) => each.name === name))];
}

/** As the source writes it, and for the name of another constant its number. */
function numberOf(name: string, value: string): string {
  if (!/^[A-Z]/.test(value)) return value;
  const number = (netwright as unknown as Record<string, number>)[name]!;
  return number > 1024 ? `0x${number.toString(16)}` : String(number);
}

function errorSection(): string {
  const rows = errors.map(({ name, text }) => {
    const number = netwright.errno[name as keyof typeof netwright.errno];
    const strerror = ERROR_TEXTS.find(([each]) => each === number)![2];
    return [code(name), String(number), strerror, inCell(oneLine(text))];
  });
  const text =
    "A failed call throws or rejects with a `SocketError`: `code` is the name, `errno` the number, negative as in Node, " +
    "`strerror` glibc's text, `syscall`, `address` and `port` what was called; `message` is `connect ECONNREFUSED " +
    "10.0.0.2:80`. The synchronous core returns the number, negative. Error 11 has two names and is called EWOULDBLOCK. " +
    "All of them are properties of `errno`, there positive as in C. What C writes as `errno == EINPROGRESS` is " +
    '`error.code === "EINPROGRESS"`, or `error.errno === -errno.EINPROGRESS`; for error 11 `error.code === "EWOULDBLOCK"`.';
  return section("Errors", text, table(["name", "number", "text", "when"], rows));
}

function missingSection(): string {
  const known = new Set(OPTIONS.map(({ name }) => name));
  const rows = optionNumbers
    .filter(({ name }) => !known.has(name))
    .map(({ name, text }) => {
      if (text === "") throw new Error(`${name} is in no table of options, and nothing says why`);
      return [code(name), "ENOPROTOOPT", inCell(text)];
    });
  const refused = CONSTANT_GROUPS.flatMap(groupOf)
    .map(({ name, text }) => [code(name), /`socket` fails with (E\w+)/.exec(text)?.[1], text] as const)
    .filter(([, errno]) => errno !== undefined)
    .map(([name, errno, text]) => [name, errno!, inCell(text)]);
  const all = [...refused, ...rows, ...NOT_HERE.map(([name, errno, why]) => [name, errno, why])];
  return section("What is not here", "", table(["what", "instead", "why"], all));
}

// ------------------------------------------------------------------------------------------------ Markdown

function section(title: string, text: string, body: string): string {
  return [`## ${title}`, wrapped(text), body].filter((part) => part !== "").join("\n\n");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), `|${"---|".repeat(head.length)}`, ...rows.map(line)].join("\n");
}

/** In lines of at most {@link LINE} characters. */
function wrapped(text: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line !== "" && line.length + 1 + word.length > LINE) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join("\n");
}

function code(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}

function inCell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "\\<");
}

/** GitHub's name for a heading. */
function anchor(title: string): string {
  return title
    .toLowerCase()
    .replace(/[^\w -]/g, "")
    .replaceAll(" ", "-");
}

function manual(page: string): string {
  const [, name, number] = /^(\w+)\((\d)\)$/.exec(page)!;
  return `[${page}](https://man7.org/linux/man-pages/man${number}/${name}.${number}.html)`;
}

/** The first sentence of `text`, and as many more as fit, without lists of errors. */
export function oneLine(text: string): string {
  const sentences = text.split(/(?<=[.…])\s+(?=[A-Z`"{])/).filter((sentence) => !isErrorList(sentence));
  let line = sentences.shift() ?? "";
  while (sentences.length > 0 && line.length + 1 + sentences[0]!.length <= LONGEST) {
    line = `${line} ${sentences.shift()}`;
  }
  return line;
}

/** "EADDRINUSE, EINVAL (bound already)." stands in a column of its own. */
function isErrorList(sentence: string): boolean {
  return /^(?:E[A-Z]{3,}|GaiError|HostError)\b(?:[^.]*[,(;]|[ .…]*$|.* when |.* without )/.test(sentence);
}

/** The errors that a call's comment names, and those of the call that it does as: "As `recv`, …". */
function errorsOf(
  { name, text }: Documented,
  calls: readonly Documented[],
  quoting: readonly string[] = [],
): string[] {
  if (quoting.includes(name)) return [];
  const known = new Set(errors.map((each) => each.name));
  const words: string[] = text.match(/\b(?:E[A-Z]{3,}|GaiError|HostError)\b/g) ?? [];
  const named = words.filter((word) => known.has(word) || word.endsWith("Error"));
  const model = /^(?:As )?`(\w+)`/.exec(text)?.[1];
  const other = calls.find((call) => call.name === model && model !== name);
  return [...new Set([...named, ...(other === undefined ? [] : errorsOf(other, calls, quoting))])];
}

function read(file: string): string {
  return readFileSync(new URL(file, ROOT), "utf8");
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) writeFileSync(PAGE, socketsPage());
