/** What needs Node: files and the terminal. */
export { type Content, fileContent, seededContent } from "./content.ts";
export { Demo, type DemoOptions, type DemoReport } from "./demo.ts";
