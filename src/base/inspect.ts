/**
 * The key of the method by which an object says in a line what it is, to `console.log` in Node, Deno and Bun. They share
 * it through the global registry of symbols, so nothing has to be imported.
 */
export const INSPECT: unique symbol = Symbol.for("nodejs.util.inspect.custom");
