import { expect, test } from "vitest";
import type { LinkPlace } from "../../src/node/station/link-options.ts";
import { wayIn } from "../../src/node/station/way-in.ts";

const TUN: LinkPlace = { kind: "tun", address: "10.9.0.1/24", name: undefined, offload: true };
const passt = (...forward: string[]): LinkPlace => ({ kind: "passt", socket: undefined, forward });

test.each([
  [TUN, 80, true, "try: curl http://10.9.0.2/"],
  [TUN, 7, false, "try: ping 10.9.0.2"],
  [passt("18080:80"), 80, true, "try: curl http://127.0.0.1:18080/"],
  [passt("9000", "80"), 80, true, "try: curl http://127.0.0.1:80/"],
  [passt("8000-8009:75-84"), 80, true, "try: curl http://127.0.0.1:8005/"],
  [passt("7007:7"), 7, false, "this machine's port 7007 leads to port 7"],
  [passt("9000"), 80, true, "what gets in: --forward 9000"],
  [passt(), 80, true, "nothing gets in without --forward 8080:80"],
  [passt(), undefined, false, "nothing gets in without --forward"],
  [{ kind: "passt", socket: "s", forward: [] }, 80, true, "what gets in is what that passt's -t and -u say"],
] satisfies [LinkPlace, number | undefined, boolean, string][])(
  "%j, port %s",
  (place, port, isHttp, text) => {
    expect(wayIn(place, "10.9.0.2", port, isHttp)).toBe(text);
  },
);
