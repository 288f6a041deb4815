/**
 * Before every test file. Properties are tried with the same examples every time, so that a run can be repeated; other
 * ones with `FAST_CHECK_SEED=2 npm test`. And after every test of every file no packet is left; timers, connections and
 * promises are looked after by who makes networks and hosts: src/vitest/index.ts and the rigs beside this file.
 */
import fc from "fast-check";
import { afterEach, expect } from "vitest";
import { packetPool } from "../../src/packet/pool.ts";

fc.configureGlobal({ seed: Number(process.env["FAST_CHECK_SEED"] ?? 1) });

packetPool.debug = true; // who reads a packet that is released sees garbage

afterEach(() => {
  expect(packetPool.outstanding, "packets that nobody has released").toBe(0);
});
