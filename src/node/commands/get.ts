/** `netwright get URL`: a document over HTTP. */
import { open, stat } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { basename } from "node:path";
import {
  type CommandLine,
  describeOptions,
  Failure,
  fileError,
  HELP_OPTION,
  numberOption,
  type Options,
  parseCommandLine,
  pathOption,
  UsageError,
} from "../arguments.ts";
import { throwIfLinkEnded, wantedArgument } from "../client.ts";
import { failureOf, type HttpRequest, sendRequest } from "../http-client.ts";
import { LINK_OPTIONS } from "../station/link-options.ts";
import { openStation, type Station } from "../station/station.ts";
import type { Terminal } from "../terminal.ts";
import { TransferProgress } from "../transfer-progress.ts";

const USAGE = "netwright get URL";
const MOST_REDIRECTS = 20;
const DEFAULT_TIMEOUT = 60;

const OPTIONS: Options = {
  output: { short: "o", value: "FILE", help: "write to FILE; default: standard output" },
  "remote-name": { short: "O", help: "write to a file called as the URL's last part" },
  continue: { short: "c", help: "go on where an earlier get has left FILE" },
  range: {
    short: "r",
    value: "FROM-TO",
    help: "these bytes alone, from 0: 0-99, 500-, or -500 for the last ones",
  },
  header: {
    short: "H",
    value: "'NAME: VALUE'",
    repeated: true,
    separator: "\n",
    help: "send this header; may be repeated",
  },
  head: { short: "I", help: "print the answer's header alone" },
  include: { short: "i", help: "write the header before the document" },
  timeout: {
    value: "SECONDS",
    help: `give up when nothing comes for so long; default ${DEFAULT_TIMEOUT}; 0: never`,
  },
  ...LINK_OPTIONS,
  help: HELP_OPTION,
};

const HELP = `${USAGE} [OPTIONS]: a document over HTTP, to standard output or a file

${describeOptions(OPTIONS)}

Redirects are followed. An answer other than 2xx is an error: one line, exit 1. There is no TLS: http:// alone.

  sudo npx netwright get http://10.9.0.1:8000/file -o file --address 10.9.0.1/24 --peer 10.9.0.2
`;

export async function getCommand(argv: readonly string[], terminal: Terminal): Promise<void> {
  const line = parseCommandLine("netwright get", OPTIONS, argv, ["URL"]);
  if (line.values.has("help")) return terminal.out(HELP);
  const url = parseUrl(wantedArgument(line, 0, "URL", USAGE));
  const plan = planOf(line, url);
  const station = await openStation("netwright get", line);
  try {
    await get(station, url, plan, terminal);
  } catch (error) {
    throwIfLinkEnded(station);
    throw error instanceof Failure ? new Failure(`get: ${error.message}`) : error;
  } finally {
    station.close();
  }
}

/** What was typed, checked. */
interface Plan {
  readonly path: string | undefined;
  readonly resumes: boolean;
  readonly head: boolean;
  readonly include: boolean;
  readonly headers: Record<string, string | string[]>;
  readonly timeoutMillis: number;
}

function planOf(line: CommandLine, url: URL): Plan {
  const { values } = line;
  const range = values.get("range");
  const [resumes, head] = [values.has("continue"), values.has("head")];
  if (values.has("output") && values.has("remote-name")) throw new UsageError("give -o or -O, not both");
  const path = values.has("remote-name") ? remoteName(url) : pathOption(line, "output");
  if (resumes && path === undefined) throw new UsageError("--continue needs a file: give -o or -O");
  if (resumes && range !== undefined) throw new UsageError("give --continue or --range, not both");
  const headers = headersOf(values.get("header"));
  if (range !== undefined) {
    if (!/^(\d+-\d*|-\d+)$/.test(range)) {
      throw new UsageError(
        `--range is FROM-TO, FROM- or -LAST in bytes; got ${range === "" ? "nothing" : range}`,
      );
    }
    headers["Range"] = `bytes=${range}`;
  }
  const fits = (value: number) => value >= 0 && value <= 1e6;
  const timeout = numberOption(line, "timeout", DEFAULT_TIMEOUT, "a number of seconds from 0 to 1e6", fits);
  return { path, resumes, head, include: values.has("include"), headers, timeoutMillis: timeout * 1000 };
}

/** http:// may be left out. */
function parseUrl(text: string): URL {
  let url: URL;
  try {
    url = new URL(/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`);
  } catch {
    throw new UsageError(`URL is such as http://10.9.0.1/file; got ${text}`);
  }
  const complaint = unusable(url);
  if (complaint !== undefined) throw new UsageError(complaint);
  return url;
}

/** Why this URL cannot be fetched; undefined when it can. */
function unusable({ protocol, hostname, port }: URL): string | undefined {
  if (protocol === "https:") return "there is no TLS here, so no https://: give an http:// URL";
  if (protocol !== "http:") return `only http:// can be fetched, not ${protocol}//`;
  if (hostname.startsWith("[")) return `there is no IPv6 here: ${hostname} cannot be reached`;
  return port === "0" ? "the port in URL is a whole number from 1 to 65535; got 0" : undefined;
}

function remoteName(url: URL): string {
  let name = "";
  try {
    name = basename(decodeURIComponent(url.pathname));
  } catch {
    // its percent-encoding is no UTF-8
  }
  if (name === "" || name === "." || name === ".." || name.includes("\0"))
    throw new UsageError(`${url.href} ends with no name: give -o FILE`);
  return name;
}

function headersOf(text: string | undefined): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = { "User-Agent": "netwright", Accept: "*/*" };
  if (text === undefined) return headers;
  for (const each of text.split("\n")) {
    const [, name, value = ""] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*(.*)$/.exec(each) ?? [];
    if (name === undefined || /[\r\0]/.test(value))
      throw new UsageError(`--header is 'NAME: VALUE'; got ${each || "nothing"}`);
    const known = Object.keys(headers).find((key) => key.toLowerCase() === name.toLowerCase()) ?? name;
    headers[known] = value;
  }
  return headers;
}

async function get(station: Station, first: URL, plan: Plan, terminal: Terminal): Promise<void> {
  const have = plan.resumes ? await sizeOf(plan.path ?? "") : 0;
  const headers = have > 0 ? { ...plan.headers, Range: `bytes=${have}-` } : plan.headers;
  const method = plan.head ? "HEAD" : "GET";
  let url = first;
  for (let redirects = 0; ; redirects++) {
    const asked: HttpRequest = { url, method, headers, timeoutMillis: plan.timeoutMillis };
    const answer = await sendRequest(station, asked);
    const next = redirectOf(answer, url);
    if (next !== undefined && redirects < MOST_REDIRECTS) {
      answer.destroy();
      url = next;
      continue;
    }
    try {
      return await receive(answer, { have, ...plan }, terminal, next !== undefined);
    } finally {
      answer.destroy();
    }
  }
}

/** Where the answer says that the document is. */
function redirectOf({ statusCode = 0, headers }: IncomingMessage, from: URL): URL | undefined {
  if (![301, 302, 303, 307, 308].includes(statusCode) || headers.location === undefined) return undefined;
  let url: URL;
  try {
    url = new URL(headers.location, from);
  } catch {
    throw new Failure(`the server sends us to ${headers.location}, which is no URL`);
  }
  const complaint = unusable(url);
  if (complaint !== undefined) throw new Failure(`the server sends us to ${url.href}: ${complaint}`);
  return url;
}

async function receive(
  answer: IncomingMessage,
  plan: Plan & { have: number },
  terminal: Terminal,
  tooMany: boolean,
): Promise<void> {
  const { statusCode = 0, statusMessage } = answer;
  if (tooMany) throw new Failure(`more than ${MOST_REDIRECTS} redirects`);
  if (plan.head) return terminal.out(headText(answer));
  if (plan.have > 0 && statusCode === 416) return terminal.err(`${plan.path} is complete\n`); // there is nothing behind it
  if (statusCode < 200 || statusCode > 299) {
    const reason = (statusMessage ?? "").replaceAll(/\p{Cc}/gu, "?"); // nobody paints on the user's terminal
    throw new Failure(`HTTP ${statusCode} ${reason}`.trimEnd());
  }
  const continued = plan.have > 0 && statusCode === 206; // else it comes whole, and replaces what is there
  const write = plan.path === undefined ? undefined : await openFile(plan.path, continued);
  const length = Number(answer.headers["content-length"] ?? Number.NaN);
  const start = continued ? plan.have : 0;
  const progress = new TransferProgress(terminal, start, Number.isNaN(length) ? undefined : start + length);
  try {
    if (plan.include) await terminal.write(new TextEncoder().encode(headText(answer)));
    for await (const piece of answer as AsyncIterable<Uint8Array>) {
      await (write?.(piece) ?? terminal.write(piece));
      progress.add(piece.length);
    }
  } catch (error) {
    const { message } = failureOf(error);
    throw new Failure(
      Number.isNaN(length) ? message : `${message} after ${progress.bytes} of ${start + length} bytes`,
    );
  } finally {
    progress.end();
    await write?.(undefined);
  }
}

/** Bytes of `path`; 0 where there is no such file. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return 0;
    throw new Failure(`cannot read ${path}: ${fileError(error)}`);
  }
}

/** What writes to `path`; undefined closes it. */
async function openFile(
  path: string,
  appends: boolean,
): Promise<(bytes: Uint8Array | undefined) => Promise<void>> {
  const attempt = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw new Failure(`cannot write ${path}: ${fileError(error)}`);
    }
  };
  const file = await attempt(open(path, appends ? "a" : "w"));
  return (bytes) => attempt(bytes === undefined ? file.close() : file.appendFile(bytes));
}

function headText({ httpVersion, statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/${httpVersion} ${statusCode} ${statusMessage}`];
  for (let at = 0; at < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}
