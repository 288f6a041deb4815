/** Values of IP_MTU_DISCOVER, with Linux's numbers: what may be cut into fragments, and whose word on the MTU counts. */
/** Never DF: what does not fit is cut. */
export const IP_PMTUDISC_DONT = 0;
/** DF where the path takes it whole; else it is cut. */
export const IP_PMTUDISC_WANT = 1;
/** Always DF: what does not fit the path is EMSGSIZE. */
export const IP_PMTUDISC_DO = 2;
/** Always DF, whatever the path is known to take: for who probes it himself. */
export const IP_PMTUDISC_PROBE = 3;
/** The MTU of the interface, never ICMP's; never DF, but what does not fit it is EMSGSIZE. */
export const IP_PMTUDISC_INTERFACE = 4;
/** As IP_PMTUDISC_INTERFACE, but what does not fit is cut. */
export const IP_PMTUDISC_OMIT = 5;
