/**
 * `netwright tun` and the programs of this machine: curl, nc, ping, python3, tshark. Each test runs program.ts in a network namespace
 * that ends with it. Where that is not allowed, or something is not installed, it is skipped, and says why.
 */
import { fileURLToPath } from "node:url";
import { describe, expect, type TestContext, test } from "vitest";
import { namespaceWay, needPrograms, reportOf, typescript } from "../../support/namespace.ts";

const PROGRAM = fileURLToPath(new URL("program.ts", import.meta.url));

async function play(
  context: TestContext,
  mode: string,
  programs: readonly string[],
): Promise<Record<string, unknown>> {
  const way = namespaceWay(context, true);
  needPrograms(context, ...programs);
  const report = await reportOf([...way, ...typescript(PROGRAM, mode)], { timeout: 110_000 });
  return report as Record<string, unknown>;
}

/** A dozen processes on a busy machine take their time. */
describe("netwright tun", { timeout: 120_000 }, () => {
  test("answers this machine's programs, and shows what happens", async (context) => {
    const report = await play(context, "everything", ["ip", "curl", "nc", "ping", "python3", "tshark"]);
    expect(report["ready"]).toBe(
      "ready: 10.9.0.2 on nw3 (TUN, MTU 1500), http on port 80, echo on port 7, discard on port 9, chargen on port 19; try: curl http://10.9.0.2/\n",
    );
    expect(report).toMatchObject({
      listed: [">big</a>", ">hello.txt</a>", ">sub/</a>"],
      range: "ell",
      out: "404404",
      reused: true,
      upload: { bytes: 2_000_000, sha256: report["sha256"] },
      many: 50,
      python: "200 301 404 ",
      half: "hello\n",
      echo: "over tcp\nover udp\n",
      chargen: ` !"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_\`abcdefg\r\n`,
      discard: "0",
      ping: "3",
      growing: 0,
      watched: {
        code: 0,
        lines: [
          expect.stringMatching(
            /^\d\d:\d\d:\d\d\.\d{6} IP 10\.9\.0\.1 > 10\.9\.0\.2: ICMP echo request, id \d+, seq 1, length 64$/,
          ),
          expect.stringMatching(/ IP 10\.9\.0\.2 > 10\.9\.0\.1: ICMP echo reply, /),
        ],
      },
      ended: { code: 0, signal: null },
      gone: true,
      judged: [],
      counted: true,
      missing: 0,
      badChecksums: 0,
    });
    expect(report["packets"]).toBeGreaterThan(1000);
    const table = [
      "Proto Recv-Q Send-Q Local Address           Foreign Address         State",
      "tcp        0   1024 0.0.0.0:7               0.0.0.0:*               LISTEN",
      "tcp        0   1024 0.0.0.0:9               0.0.0.0:*               LISTEN",
      "tcp        0   1024 0.0.0.0:19              0.0.0.0:*               LISTEN",
    ];
    expect(report["netstat"]).toEqual(table);
    expect(report["usr1"]).toEqual(table);
  });

  test("ends at one ^C, also when tsx passes it on", async (context) => {
    const report = await play(context, "tsx", ["ip", "ping", "tshark"]);
    expect(report).toMatchObject({ there: true, signal: null, fast: true, gone: true, pings: 4 });
    // tsx gives its child 60 ms to say that it has the signal; a busy machine's child it kills, and ends as ^C has it
    expect([0, 130]).toContain(report["code"]);
  });

  test("ends at one ^C under npx, whose own end is as ^C has it", async (context) => {
    const report = await play(context, "npx", ["ip", "ping", "tshark", "npx"]);
    expect(report).toMatchObject({ there: true, fast: true, gone: true, pings: 4 });
  });

  test("says what is wrong in one line", async (context) => {
    expect(await play(context, "refusals", ["ip"])).toEqual({
      taken: { code: 1, err: "nw5 is already attached by another process: end it or choose another name\n" },
      full: { code: 1, err: "cannot write /dev/full: no space left on the device\n" },
      several: {
        code: 2,
        err: "several netwright processes run: PID (netwright tun, 10.9.0.2 on nw5 (TUN, MTU 1500)), PID (netwright tun, 10.9.2.2 on nw6 (TUN, MTU 1500)); say which: netwright netstat PID\n",
      },
      deleted: { code: 1, err: "nw6 has been deleted\n" },
      nobody: {
        code: 1,
        err: "no netwright process of yours runs; one that root has started answers only root: sudo netwright netstat\n",
      },
    });
  });

  test("writes a capture that can be followed", async (context) => {
    const report = await play(context, "follow", ["ip", "ping"]);
    expect(report).toEqual({ first: 1, replies: 3, code: 0, cut: { code: 0, err: "" } });
  });
});
