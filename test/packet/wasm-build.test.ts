import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { buildWasm } from "../../scripts/build-wasm.ts";

it("the committed WASM module is what its source assembles to", async () => {
  const committed = await readFile(
    new URL("../../src/packet/checksum-simd-module.ts", import.meta.url),
    "utf8",
  );
  expect(committed).toBe(await buildWasm());
});
