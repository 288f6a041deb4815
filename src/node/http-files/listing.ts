/** A folder as a page of HTML. */
import { readdir, realpath, stat } from "node:fs/promises";
import { join } from "node:path";
import { isBelow, isServed } from "./paths.ts";

/** More files of a folder are not shown. */
const MOST_ENTRIES = 10_000;
/** How many are asked for their size at a time. */
const BATCH = 64;

interface Entry {
  /** With a slash at the end for a folder. */
  readonly name: string;
  readonly size: string;
  readonly modified: string;
}

/** The page for the folder at `path`, a real path below `root`; `names` are those of the URL that led there. */
export async function listing(root: string, path: string, names: readonly string[]): Promise<string> {
  const all = (await readdir(path)).filter(isServed).sort(byName);
  const shown = all.slice(0, MOST_ENTRIES);
  const entries: Entry[] = [];
  for (let at = 0; at < shown.length; at += BATCH) {
    const batch = await Promise.all(shown.slice(at, at + BATCH).map((name) => entryOf(root, path, name)));
    for (const entry of batch) if (entry !== undefined) entries.push(entry);
  }
  return page(`/${names.join("/")}`, names.length > 0, entries, all.length - shown.length);
}

/** By code units: the same everywhere. */
function byName(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** Undefined for what has gone, leads nowhere or out of `root`, or is neither file nor folder. */
async function entryOf(root: string, folder: string, name: string): Promise<Entry | undefined> {
  try {
    const path = join(folder, name);
    const info = await stat(path);
    if (!info.isDirectory() && !info.isFile()) return undefined;
    if (!isBelow(root, await realpath(path))) return undefined;
    const modified = info.mtime.toISOString().slice(0, 16).replace("T", " ");
    if (info.isDirectory()) return { name: `${name}/`, size: "", modified };
    return { name, size: String(info.size), modified };
  } catch {
    return undefined;
  }
}

function page(title: string, hasParent: boolean, entries: readonly Entry[], left: number): string {
  const rows = entries.map(({ name, size, modified }) => {
    // "./" so that a name with a colon is no scheme
    const link = `./${name.split("/").map(encodeURIComponent).join("/")}`;
    return `<tr><td><a href="${escapeHtml(link)}">${escapeHtml(name)}</a><td class="n">${size}<td>${modified}`;
  });
  if (hasParent) rows.unshift('<tr><td><a href="../">../</a><td><td>');
  const more = left === 0 ? "" : `<p>and ${left} more`;
  return `<!DOCTYPE html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>${escapeHtml(title)}</title>
<style>body{font-family:sans-serif}td{padding:0 1em 0 0;font-variant-numeric:tabular-nums}.n{text-align:right}</style>
<h1>${escapeHtml(title)}</h1>
<table>
${rows.join("\n")}
</table>${more}
`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character]!);
}
