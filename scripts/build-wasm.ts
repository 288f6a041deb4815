/**
 * Assembles src/packet/checksum-simd.wat into src/packet/checksum-simd-module.ts, which is committed, so that nobody who only
 * uses the package needs an assembler. Run as `npm run build:wasm`.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import wabt from "wabt";

const source = new URL("../src/packet/checksum-simd.wat", import.meta.url);
const target = new URL("../src/packet/checksum-simd-module.ts", import.meta.url);

/** The text of the module file, freshly assembled. */
export async function buildWasm(): Promise<string> {
  const { parseWat } = await wabt();
  const module = parseWat("checksum-simd.wat", await readFile(source, "utf8"), { simd: true });
  module.validate();
  const base64 = Buffer.from(module.toBinary({}).buffer).toString("base64");
  module.destroy();
  const lines = base64.match(/.{1,96}/g) ?? [];
  return [
    "/** checksum-simd.wat, assembled: made by `npm run build:wasm`, not by hand. */",
    "export const CHECKSUM_SIMD_BASE64 =",
    `${lines.map((line) => `  "${line}"`).join(" +\n")};`,
    "",
  ].join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(target, await buildWasm());
