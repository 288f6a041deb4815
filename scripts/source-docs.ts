/**
 * Reads doc comments out of source text, for pages that are made from it: what a file exports, and the public members of
 * a class. It knows TypeScript as far as this repository's formatter writes it: a member begins two spaces in.
 */

/** Something public, with what its doc comment says. */
export interface Documented {
  readonly name: string;
  /** Its parameters: `buffer, flags = 0, waiting?`; undefined for what is not called. */
  readonly parameters: string | undefined;
  /** The type of what it gives, as the source writes it, or of what it is; "" where the source does not say. */
  readonly gives: string;
  /** The doc comment as one line; "" without one. */
  readonly text: string;
  /** Of a class's member: it is only announced there. */
  readonly isAbstract?: boolean;
}

export interface Constant {
  readonly name: string;
  /** The number as it is written, or the name of the constant that it is the same as. */
  readonly value: string;
  readonly text: string;
  /** The line comment above its group. */
  readonly group: string;
}

const MODIFIERS =
  /^(?:(?:public|private|protected|static|abstract|override|readonly|declare|async|get|set) )*/;

/** The public members of class `name` in `source`, in order; of overloads the first. */
export function classMembers(source: string, name: string): Documented[] {
  const body = new RegExp(`^export (?:abstract )?class ${name}\\b[\\s\\S]*?\\n}\\n`, "m").exec(source)?.[0];
  if (body === undefined) throw new Error(`there is no class ${name}`);
  const members: Documented[] = [];
  let text = "";
  for (const piece of pieces(body, /^ {2}(?:\/\*\*|[\w[*])/)) {
    const line = piece.slice(2);
    if (line.startsWith("/**")) {
      text = docText(line);
      continue;
    }
    const modifiers = MODIFIERS.exec(line)![0];
    const rest = line.slice(modifiers.length).replace(/^\*/, "");
    const called = /^(?:\[[\w.]+\]|\w+)/.exec(rest)?.[0] ?? "";
    const isPublic = !/private|protected|static/.test(modifiers) && called !== "" && called !== "constructor";
    if (isPublic) {
      const isProperty = /\b[gs]et /.test(modifiers);
      const signature = rest.slice(called.length);
      const parameters = isProperty ? undefined : parametersOf(signature);
      const gives = typeOf(signature);
      addMember(members, {
        name: called,
        parameters,
        gives,
        text,
        isAbstract: modifiers.includes("abstract "),
      });
    }
    text = "";
  }
  return members;
}

/** Of overloads, and of a getter and its setter, the first comment counts, and the parameters that have defaults. */
function addMember(members: Documented[], added: Documented): void {
  const at = members.findIndex(({ name }) => name === added.name);
  if (at < 0) {
    members.push(added);
    return;
  }
  const before = members[at]!;
  const parameters = added.parameters?.includes(" = ") ? added.parameters : before.parameters;
  members[at] = { ...before, parameters, text: before.text || added.text };
}

/** The functions that `source` exports. */
export function functions(source: string): Documented[] {
  const found: Documented[] = [];
  const pattern = /^(?:\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\n)?export (?:async )?function (\w+)/gm;
  for (const match of source.matchAll(pattern)) {
    const name = match[2]!;
    if (found.some((each) => each.name === name)) continue;
    const signature = source.slice(match.index + match[0].length);
    const text = match[1] === undefined ? "" : docText(`/**${match[1]}*/`);
    found.push({ name, parameters: parametersOf(signature), gives: typeOf(signature), text });
  }
  return found;
}

/** The constants that `source` exports. */
export function constants(source: string): Constant[] {
  const found: Constant[] = [];
  let group = "";
  let text = "";
  for (const piece of pieces(source, /^(?:\/\*\*|\/\/ |export )/)) {
    if (piece.startsWith("/**")) {
      text = docText(piece);
    } else if (piece.startsWith("// ")) {
      group = piece.split("\n")[0]!.slice(3);
    } else {
      const match = /^export const (\w+)(?:: [^=]+)? = ([^;]+);/.exec(piece);
      if (match !== null)
        found.push({ name: match[1]!, value: match[2]!.replaceAll("_", underscores), text, group });
      text = "";
    }
  }
  return found;
}

/** Digits are written together; names keep their underscores. */
function underscores(_: string, at: number, value: string): string {
  return /^\d/.test(value) && at > 0 ? "" : "_";
}

/** `source` from one line that matches `begin` to the next. What precedes the first is left out. */
function pieces(source: string, begin: RegExp): string[] {
  const found: string[] = [];
  let inComment = false;
  for (const line of source.split("\n")) {
    if (!inComment && begin.test(line)) found.push(line);
    else if (found.length > 0) found.push(`${found.pop()}\n${line}`);
    if (/^\s*\/\*\*/.test(line)) inComment = true;
    if (line.includes("*/")) inComment = false;
  }
  return found;
}

/** A doc comment without its stars and links, in one line. */
function docText(comment: string): string {
  const end = comment.indexOf("*/");
  const lines = comment
    .slice(0, end)
    .replace(/^\s*\/\*\*/, "")
    .split("\n");
  const text = lines.map((line) => line.replace(/^\s*\*? ?/, "").trim()).join(" ");
  return text
    .replace(/\{@link (\w+)\}/g, "`$1`")
    .replace(/\s+/g, " ")
    .trim();
}

/** The parameters in what follows a name: a method's, or those of the function that a property is. */
function parametersOf(rest: string): string | undefined {
  const text = fromParameters(rest);
  if (!text.startsWith("(")) return undefined;
  const inside = text.slice(1, closing(text, 0));
  return split(inside).map(parameterName).join(", ");
}

/** What follows a name, from the bracket before its parameters on, if it has any. */
function fromParameters(rest: string): string {
  const assigned = /^ = (?:async )?\(?/.exec(rest);
  let text = rest;
  if (assigned !== null) text = rest.slice(assigned[0].replace(/\($/, "").length).replace(/^\(\(/, "(");
  return text.startsWith("<") ? text.slice(closing(text, 0) + 1) : text;
}

/** The type in what follows a name: of what a function gives, or of what a field holds. */
function typeOf(rest: string): string {
  const text = fromParameters(rest);
  const after = text.startsWith("(") ? text.slice(closing(text, 0) + 1) : text.replace(/^[?!]/, "");
  if (!after.startsWith(": ")) return "";
  let end = 2;
  while (end < after.length && !/^(?:;| =| \{)/.test(after.slice(end))) {
    end = "([{<".includes(after[end]!) ? closing(after, end) + 1 : end + 1;
  }
  return after.slice(2, end).replace(/\s+/g, " ");
}

/** `flags = 0` of `flags = 0`, `signal?` of `signal?: AbortSignal`, `...rest` of `...rest: unknown[]`. */
function parameterName(parameter: string): string {
  const [, name, optional, initial] = /^(\.{0,3}\w+|[{[][\s\S]*?[}\]])(\??)[^=]*(?:= ([\s\S]*))?$/.exec(
    parameter,
  )!;
  const simple = initial === undefined || /^[\w."-]+$/.test(initial);
  if (initial !== undefined) return simple ? `${name} = ${initial}` : `${name}?`;
  return `${name}${optional}`;
}

/** Splits at the commas that are in no brackets. */
function split(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    const character = text[at];
    if (character === undefined || (character === "," && depth === 0)) {
      parts.push(text.slice(start, at).trim());
      start = at + 1;
    } else if ("([{<".includes(character)) depth++;
    else if (")]}".includes(character) || (character === ">" && text[at - 1] !== "=")) depth--;
  }
  return parts.filter((part) => part !== "");
}

/** Where the bracket at `start` closes. */
function closing(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const character = text[at]!;
    if ("([{<".includes(character)) depth++;
    else if (")]}".includes(character) || (character === ">" && text[at - 1] !== "=")) depth--;
    if (depth === 0) return at;
  }
  throw new Error(`a bracket is open in ${text.slice(start, start + 60)}`);
}
