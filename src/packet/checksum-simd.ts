/**
 * The SIMD twins of {@link addBytes} and {@link fingerprint}: a small WASM module (checksum-simd.wat) that works in
 * place on a slab's memory.
 */
import { CHECKSUM_SIMD_BASE64 } from "./checksum-simd-module.ts";

/** How many bytes behind the last packet the module may read (and masks): a slab keeps them spare. */
export const SPARE_BYTES = 16;

const PAGE_SIZE = 65_536;

/** The module's functions on one memory. Offsets and lengths in bytes; `addBytes` takes at most 128 KiB at once. */
export interface SimdFunctions {
  readonly buffer: ArrayBuffer;
  addBytes(offset: number, length: number, sum: number): number;
  fingerprint(offset: number, length: number): number;
}

/** As much of the platform's WebAssembly as is used here; it may not have any. */
interface Wasm {
  Module: new (bytes: Uint8Array) => object;
  Memory: new (descriptor: { initial: number }) => { readonly buffer: ArrayBuffer };
  Instance: new (module: object, imports: object) => { readonly exports: Omit<SimdFunctions, "buffer"> };
}

const wasm = (globalThis as { WebAssembly?: Wasm }).WebAssembly;

/** Compiled once; undefined where the platform has no WebAssembly, forbids it, or lacks SIMD. */
const compiled = compile();

function compile(): object | undefined {
  try {
    const bytes = Uint8Array.from(atob(CHECKSUM_SIMD_BASE64), (char) => char.charCodeAt(0));
    return wasm === undefined ? undefined : new wasm.Module(bytes);
  } catch {
    return undefined;
  }
}

/** A memory of at least `size` + {@link SPARE_BYTES} bytes with the functions on it, or undefined if that cannot be. */
export function allocateSimd(size: number): SimdFunctions | undefined {
  if (wasm === undefined || compiled === undefined) return undefined;
  try {
    const memory = new wasm.Memory({ initial: Math.ceil((size + SPARE_BYTES) / PAGE_SIZE) });
    const { exports } = new wasm.Instance(compiled, { slab: { memory } });
    return { buffer: memory.buffer, addBytes: exports.addBytes, fingerprint: exports.fingerprint };
  } catch {
    return undefined; // no address space left for another memory
  }
}
