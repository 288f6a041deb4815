/** Media types by the ends of names. */
import { extname } from "node:path";

const TEXT: readonly string[] = ["css", "csv", "html", "txt"];

const TYPES: Readonly<Record<string, string>> = {
  ...Object.fromEntries(TEXT.map((name) => [name, `text/${name === "txt" ? "plain" : name}; charset=utf-8`])),
  ...Object.fromEntries(
    ["c", "cfg", "conf", "h", "ini", "log", "pkt", "py", "sh", "toml", "ts", "tsv", "yaml", "yml"].map(
      (name) => [name, "text/plain; charset=utf-8"],
    ),
  ),
  avif: "image/avif",
  bmp: "image/bmp",
  gif: "image/gif",
  gz: "application/gzip",
  htm: "text/html; charset=utf-8",
  ico: "image/vnd.microsoft.icon",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  map: "application/json",
  md: "text/markdown; charset=utf-8",
  mjs: "text/javascript; charset=utf-8",
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  ogg: "audio/ogg",
  pcap: "application/vnd.tcpdump.pcap",
  pdf: "application/pdf",
  png: "image/png",
  svg: "image/svg+xml",
  tar: "application/x-tar",
  wasm: "application/wasm",
  wav: "audio/wav",
  webm: "video/webm",
  webp: "image/webp",
  woff: "font/woff",
  woff2: "font/woff2",
  xml: "application/xml",
  zip: "application/zip",
};

/** The media type of a file called `name`; bytes of an unknown kind for what nobody knows. */
export function contentType(name: string): string {
  const end = extname(name).slice(1).toLowerCase();
  return (Object.hasOwn(TYPES, end) ? TYPES[end] : undefined) ?? "application/octet-stream";
}
