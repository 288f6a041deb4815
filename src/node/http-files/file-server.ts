/** Answers HTTP requests with the files of one folder, and lets nobody out of it. */
import { type IncomingMessage, type OutgoingHttpHeaders, type ServerResponse, STATUS_CODES } from "node:http";
import { basename } from "node:path";
import { judgeConditions, partOf, validatorsOf } from "./conditions.ts";
import { contentType } from "./content-types.ts";
import { listing } from "./listing.ts";
import { type Found, find, NotServed, parseTarget, type Target } from "./paths.ts";
import { sendFile } from "./send-file.ts";
import { takeUpload } from "./upload.ts";

export interface FileServerOptions {
  /** The real path of the folder; undefined serves nothing, for a server that only takes uploads. */
  readonly root: string | undefined;
  /** Whether PUT and POST are taken, and thrown away. */
  readonly upload: boolean;
}

const INDEX = "index.html";

/** Errors that a name can have, and what they are in HTTP; others are the server's own fault. */
const STATUS_OF: Readonly<Record<string, number>> = {
  ENOENT: 404,
  ENOTDIR: 404,
  ELOOP: 404,
  ENAMETOOLONG: 404,
  ENXIO: 404,
  EACCES: 403,
  EPERM: 403,
  EMFILE: 503,
  ENFILE: 503,
};

export class FileServer {
  private readonly options: FileServerOptions;

  constructor(options: FileServerOptions) {
    this.options = options;
  }

  /** For the server's "request" event. */
  readonly request = (request: IncomingMessage, response: ServerResponse): void => {
    this.answer(request, response).catch((error: NodeJS.ErrnoException) => {
      if (response.headersSent)
        response.destroy(); // in the middle of a body
      else refuse(response, error instanceof NotServed ? 404 : (STATUS_OF[String(error.code)] ?? 500));
    });
  };

  /** For "checkContinue": a client that asks before it uploads is told before it does. */
  readonly checkContinue = (request: IncomingMessage, response: ServerResponse): void => {
    if (this.takes(request)) response.writeContinue();
    this.request(request, response);
  };

  private takes({ method }: IncomingMessage): boolean {
    return this.options.upload && (method === "PUT" || method === "POST");
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader("Server", "netwright");
    response.setHeader("X-Content-Type-Options", "nosniff");
    if (this.takes(request)) return takeUpload(request, response);
    if (request.method !== "GET" && request.method !== "HEAD") {
      return refuse(response, 405, { Allow: this.options.upload ? "GET, HEAD, POST, PUT" : "GET, HEAD" });
    }
    const target = parseTarget(request.url ?? "");
    if (target === undefined) return refuse(response, 400);
    const { root } = this.options;
    if (target === "hidden" || root === undefined) return refuse(response, 404);
    const found = await find(root, target.names);
    try {
      if (found.isFolder) await this.sendFolder(request, response, target, found, root);
      else if (target.isFolder)
        refuse(response, 404); // a file is not called "name/"
      else await send(request, response, found);
    } finally {
      await found.file.close();
    }
  }

  private async sendFolder(
    request: IncomingMessage,
    response: ServerResponse,
    { names, isFolder, query }: Target,
    { path }: Found,
    root: string,
  ): Promise<void> {
    if (!isFolder) {
      // made of names that are not empty: "//elsewhere" would lead to another host
      return refuse(response, 301, { Location: `/${names.map(encodeURIComponent).join("/")}/${query}` });
    }
    const index = await findIndex(root, [...names, INDEX]);
    if (index === undefined) return sendPage(request, response, await listing(root, path, names));
    try {
      await send(request, response, index);
    } finally {
      await index.file.close();
    }
  }
}

async function findIndex(root: string, names: readonly string[]): Promise<Found | undefined> {
  try {
    const found = await find(root, names);
    if (!found.isFolder) return found;
    await found.file.close();
  } catch (error) {
    const code = String((error as NodeJS.ErrnoException).code);
    if (!(error instanceof NotServed) && STATUS_OF[code] !== 404) throw error;
  }
  return undefined;
}

/** Answers with a file, a part of it, or what the request's conditions say. */
async function send(request: IncomingMessage, response: ServerResponse, found: Found): Promise<void> {
  const { headers, method } = request;
  const { size } = found;
  const validators = validatorsOf(size, found.modifiedNanos);
  response.setHeader("ETag", validators.etag);
  response.setHeader("Last-Modified", new Date(validators.modified * 1000).toUTCString());
  response.setHeader("Accept-Ranges", "bytes");
  response.setHeader("Cache-Control", "no-cache");
  const verdict = judgeConditions(headers, validators);
  if (verdict === 412) return refuse(response, 412);
  if (verdict === 304) {
    response.writeHead(304).end();
    return;
  }
  // RFC 9110 §14.2: only GET has ranges
  const part = method === "GET" ? partOf(headers, size, validators) : undefined;
  if (part === "none") return refuse(response, 416, { "Content-Range": `bytes */${size}` });
  const { start, end } = part ?? { start: 0, end: size };
  if (part !== undefined) response.setHeader("Content-Range", `bytes ${start}-${end - 1}/${size}`);
  response.writeHead(part === undefined ? 200 : 206, {
    "Content-Type": contentType(basename(found.path)),
    "Content-Length": end - start,
  });
  if (method === "HEAD") response.end();
  else await sendFile(found.file, { start, end }, response);
}

function sendPage(request: IncomingMessage, response: ServerResponse, html: string): void {
  response.writeHead(200, {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Length": Buffer.byteLength(html),
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "Cache-Control": "no-cache",
  });
  response.end(request.method === "HEAD" ? undefined : html);
}

/** Answers with a status and its name. */
function refuse(response: ServerResponse, status: number, headers: OutgoingHttpHeaders = {}): void {
  const body = `${status} ${STATUS_CODES[status]}\n`;
  response.writeHead(status, {
    ...headers,
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Length": Buffer.byteLength(body),
  });
  response.end(body);
}
