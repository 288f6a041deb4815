/** Options of level IPPROTO_UDP (man 7 udp). */
import { IPPROTO_UDP, UDP_CORK } from "../constants.ts";
import { FLAG, flagOf, type Option, option } from "./option.ts";

export const UDP_OPTIONS: readonly Option[] = [
  option(
    IPPROTO_UDP,
    { UDP_CORK },
    FLAG,
    flagOf("cork", "what is sent is put together, and goes as one datagram when it is off again"),
  ),
];
