/** A conversation that has a bit of everything, in order. */
import { datagram, icmp, MSS, NOP, SACK, SACK_OK, TIMESTAMPS, tcp, udp, WSCALE } from "./packets.ts";

const CLIENT = "10.0.0.1:49152";
const SERVER = "10.0.0.2:8000";
const ISN = 0xffff_fff0; // wraps soon
const PEER_ISN = 1000;

const forth = (flags: string, seq: number, ack: number, rest: object = {}): Uint8Array =>
  tcp({ from: CLIENT, to: SERVER, flags, seq: (ISN + seq) >>> 0, ack: PEER_ISN + ack, ...rest });
const back = (flags: string, seq: number, ack: number, rest: object = {}): Uint8Array =>
  tcp({ from: SERVER, to: CLIENT, flags, seq: PEER_ISN + seq, ack: (ISN + ack) >>> 0, ...rest });

const stamps = (value: number, echo: number) => [...NOP, ...NOP, ...TIMESTAMPS(value, echo)];
const synOptions = [...MSS(1460), ...SACK_OK, ...TIMESTAMPS(1, 0), ...NOP, ...WSCALE(7)];
const question = udp("10.0.0.1:5000", "10.0.0.2:7", Uint8Array.of(1, 2, 3));

export const SAMPLES: readonly Uint8Array[] = [
  tcp({ from: CLIENT, to: SERVER, flags: "S", seq: ISN, window: 64_240, options: synOptions }),
  back("S.", 0, 1, { window: 65_160, options: synOptions }),
  forth(".", 1, 1, { options: stamps(2, 1) }),
  forth("P.", 1, 1, { data: 100, options: stamps(2, 1) }),
  forth(".", 101, 1, { data: 1000, options: stamps(2, 1) }),
  forth("P.", 1101, 1, { data: 10 }),
  back(".", 1, 101, { options: [...NOP, ...NOP, ...SACK((ISN + 1101) >>> 0, (ISN + 1111) >>> 0)] }),
  forth(".", 101, 1, { data: 1000 }),
  back("PU.", 1, 1111, { data: 4, urgent: 2 }),
  forth("F.", 1111, 5),
  back(".", 5, 1112),
  back("F.E", 5, 1112),
  forth("W.", 1112, 6),
  forth("R", 1112, 0, { ack: 0, window: 0 }),
  back("R.", 6, 1112, { window: 0 }),
  question,
  icmp("10.0.0.2", "10.0.0.1", 3, 3, 0, question),
  icmp("10.0.0.2", "10.0.0.1", 3, 3, 0, forth(".", 1, 1).slice(0, 28)),
  icmp("10.0.0.2", "10.0.0.1", 3, 1, 0, question),
  icmp("10.0.0.2", "10.0.0.1", 3, 4, 576, question),
  icmp("10.0.0.1", "10.0.0.2", 8, 0, 0x0007_0002, new Uint8Array(56)),
  icmp("10.0.0.2", "10.0.0.1", 0, 0, 0x0007_0002, new Uint8Array(56)),
  icmp("10.0.0.3", "10.0.0.1", 11, 0, 0, question),
  datagram(17, "10.0.0.1", "10.0.0.2", new Uint8Array(64), 0x2000 | 16),
  datagram(17, "10.0.0.1", "10.0.0.2", new Uint8Array(30), 24),
  datagram(254, "10.0.0.1", "10.0.0.2", new Uint8Array(30)),
];
