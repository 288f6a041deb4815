import { afterEach, describe, expect, it, vi } from "vitest";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

async function freshSlab(size: number) {
  vi.resetModules();
  const { Slab } = await import("../../src/packet/slab.ts");
  return new Slab(size);
}

class Refusing {
  constructor() {
    throw new Error("CompileError: wasm code generation disallowed by embedder");
  }
}

describe("a slab", () => {
  it.each([
    ["there is no WebAssembly", undefined],
    ["it is forbidden or has no SIMD", { Module: Refusing, Memory: Refusing, Instance: Refusing }],
    ["address space has run out", { ...wasmWith("Module"), Memory: Refusing, Instance: Refusing }],
  ])("falls back to TypeScript when %s", async (_, stub) => {
    const expected = (await freshSlab(5000)).bytes.buffer.byteLength;
    expect(expected).toBe(65_536); // a whole page of a WebAssembly memory
    vi.stubGlobal("WebAssembly", stub);
    const slab = await freshSlab(5000);
    expect(slab.bytes.buffer.byteLength).toBe(5000);
    slab.bytes.set([0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7]);
    expect(slab.checksum(0, 8, 0)).toBe(0xddf2);
    vi.unstubAllGlobals();
    const fast = await freshSlab(5000);
    fast.bytes.set(slab.bytes);
    expect(fast.fingerprint(0, 5000)).toBe(slab.fingerprint(0, 5000));
  });

  it("starts out as zeros", async () => {
    const slab = await freshSlab(1000);
    expect(slab.checksum(0, 1000, 0)).toBe(0);
    expect(slab.view.byteLength).toBe(1000);
  });
});

function wasmWith(name: string): object {
  const platform = (globalThis as unknown as { WebAssembly: Record<string, unknown> }).WebAssembly;
  return { [name]: platform[name] };
}
