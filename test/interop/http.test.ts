/** curl and wrk against the file server of `netwright tun --serve`. */
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Capture } from "./support/capture.ts";
import { judge } from "./support/judge.ts";
import { usePlace } from "./support/places.ts";
import { STACK } from "./support/street.ts";

const URL = `http://${STACK}`;
const CURL = "curl -sS --fail --max-time 60";
const BIG = 100 * 2 ** 20;
const MEDIUM = 1_000_000;
const SMALL = 100_000;

/** Bytes that are nowhere the same, and cost no time. */
function noise(size: number, seed: number): Buffer {
  const words = new Uint32Array(size / 4);
  for (let i = 0, state = seed; i < words.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    words[i] = state;
  }
  return Buffer.from(words.buffer);
}

const digest = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

const FILES = { "big.bin": noise(BIG, 1), "medium.bin": noise(MEDIUM, 2), "small.bin": noise(SMALL, 3) };

function serve(folder: string): string[] {
  const root = join(folder, "www");
  mkdirSync(join(root, "folder"), { recursive: true });
  for (const [name, bytes] of Object.entries(FILES)) writeFileSync(join(root, name), bytes);
  writeFileSync(join(root, "folder", "note.txt"), "hello\n");
  writeFileSync(join(folder, "secret.txt"), "not to be had\n");
  return ["--serve", root, "--upload"];
}

/** "   50 DIGEST  -" lines: how many had which. */
const countDigests = "cut -c 1-64 | sort | uniq -c | awk '{print $1, $2}'";

describe.each([
  ["with offload", []],
  ["without offload", ["--no-offload"]],
])("%s", (_, link) => {
  const at = usePlace({ tun: (folder) => [...serve(folder), ...link], programs: ["curl"] });

  test("curl downloads 100 MiB", async (context) => {
    const { kernel } = at(context).street;
    const got = await kernel.output(`${CURL} ${URL}/big.bin | sha256sum`);
    expect(got).toBe(`${digest(FILES["big.bin"])}  -`);
  });

  test("curl uploads 100 MiB, with PUT and with POST", async (context) => {
    const { kernel, folder } = at(context).street;
    const expected = { bytes: BIG, sha256: digest(FILES["big.bin"]) };
    const put = await kernel.output(`${CURL} -T ${folder}/www/big.bin ${URL}/upload`);
    expect(JSON.parse(put)).toEqual(expected);
    const post = await kernel.output(`${CURL} --data-binary @${folder}/www/big.bin ${URL}/upload`);
    expect(JSON.parse(post)).toEqual(expected);
  });

  test.for([
    ["0-99", 0, 100],
    ["1000000-1999999", 1_000_000, 2_000_000],
    ["104857599-", BIG - 1, BIG],
    ["-5", BIG - 5, BIG],
  ] as const)("curl -r %s", async ([range, start, end], context) => {
    const { kernel, folder } = at(context).street;
    const file = join(folder, "part");
    const status = await kernel.output(`${CURL} -r ${range} -o ${file} -w '%{http_code}' ${URL}/big.bin`);
    expect(status).toBe("206");
    expect(readFileSync(file).equals(FILES["big.bin"].subarray(start, end))).toBe(true);
  });

  test("curl is told of a range that is not there, goes on where it was, and does not get out of the folder", async (context) => {
    const { kernel, folder } = at(context).street;
    const status = (options: string) =>
      kernel.output(`curl -s --max-time 10 -o /dev/null -w '%{http_code}' ${options}`, { mayFail: true });
    expect(await status(`-r 999999999- ${URL}/big.bin`)).toBe("416");
    expect(await status(`--path-as-is ${URL}/../secret.txt`)).toMatch(/^40[0-9]$/);
    expect(await status(`--path-as-is ${URL}/%2e%2e/secret.txt`)).toMatch(/^40[0-9]$/);
    expect(await status(`${URL}/nothing`)).toBe("404");
    const part = join(folder, "resumed");
    writeFileSync(part, FILES["medium.bin"].subarray(0, 400_000));
    await kernel.run(`${CURL} -C - -o ${part} ${URL}/medium.bin`);
    expect(readFileSync(part).equals(FILES["medium.bin"])).toBe(true);
    expect(await kernel.output(`${CURL} ${URL}/folder/`)).toContain("note.txt");
  });

  test("curl gets 200 files over one connection", async (context) => {
    const { kernel } = at(context).street;
    const script = `${CURL} -o /dev/null -w '%{num_connects} %{http_code} %{size_download}\\n' '${URL}/small.bin?[1-200]'`;
    const lines = (await kernel.output(script)).split("\n");
    expect(lines).toHaveLength(200);
    expect(lines[0]).toBe(`1 200 ${SMALL}`);
    expect(new Set(lines.slice(1))).toEqual(new Set([`0 200 ${SMALL}`]));
  });

  test("50 curls at once get what is there", async (context) => {
    const { kernel } = at(context).street;
    const one = `${CURL} ${URL}/medium.bin | sha256sum`;
    const got = await kernel.output(`seq 50 | xargs -P 50 -I{} bash -c '${one}' | ${countDigests}`);
    expect(got).toBe(`50 ${digest(FILES["medium.bin"])}`);
  });

  test("1000 curls at once lose nothing", async (context) => {
    const { kernel, folder } = at(context).street;
    const one = `${CURL} -o ${folder}/many-{} ${URL}/small.bin`;
    await kernel.run(`seq 1000 | xargs -P 1000 -I{} ${one}`, { seconds: 90 });
    const got = await kernel.output(
      `cat ${folder}/many-* | wc -c; sha256sum ${folder}/many-* | ${countDigests}; rm ${folder}/many-*`,
    );
    expect(got).toBe(`${1000 * SMALL}\n1000 ${digest(FILES["small.bin"])}`);
  });

  test("1000 connections at once of four curls lose nothing", async (context) => {
    const { kernel, folder } = at(context).street;
    const one = `${CURL} --no-progress-meter -Z --parallel-max 250 -o ${folder}/par-{}-\\#1 ${URL}/small.bin?[1-250]`;
    await kernel.run(`seq 4 | xargs -P 4 -I{} ${one}`, { seconds: 90 });
    const got = await kernel.output(`sha256sum ${folder}/par-* | ${countDigests}; rm ${folder}/par-*`);
    expect(got).toBe(`1000 ${digest(FILES["small.bin"])}`);
  });

  test("wrk gets 10,000 answers without an error", async (context) => {
    const { kernel } = at(context, "wrk").street;
    let requests = 0;
    for (let round = 0; requests < 10_000; round++) {
      expect(round, `only ${requests} answers`).toBeLessThan(10);
      const out = await kernel.output(`wrk -t2 -c50 -d3s --timeout 10s ${URL}/folder/note.txt`);
      expect(out).not.toMatch(/Socket errors|Non-2xx/);
      requests += Number(/(\d+) requests in/.exec(out)?.[1]);
    }
  });

  test("afterwards no connection is left", async (context) => {
    const { stack } = at(context);
    // answers that nobody waits for any more are being read from the disk still
    await expect.poll(() => stack.connections(), { timeout: 10_000, interval: 500 }).toEqual([]);
  });
});

describe("tshark finds no fault", () => {
  const at = usePlace({
    tun: (folder) => [...serve(folder), "--no-offload"],
    programs: ["curl", "tcpdump", "tshark"],
  });

  test("with a download, an upload and 20 requests over one connection", async (context) => {
    const { street } = at(context);
    const capture = await Capture.start(street);
    await street.kernel.run(`${CURL} -o /dev/null ${URL}/medium.bin`);
    await street.kernel.run(`${CURL} -T ${street.folder}/www/medium.bin ${URL}/upload`);
    await street.kernel.run(`${CURL} -o /dev/null '${URL}/small.bin?[1-20]'`);
    expect(await judge(await capture.stop())).toEqual([]);
  });
});
