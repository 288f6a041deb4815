"""The constants of the language by name: as Python's modules have them, and those that they lack."""
import fcntl
import os
import select
import socket
import termios

LACKING = {
    "SO_BINDTODEVICE": 25, "SO_BUSY_POLL": 46, "SO_DOMAIN": 39, "SO_PROTOCOL": 38, "SO_INCOMING_CPU": 49,
    "SO_MARK": 36, "SO_MAX_PACING_RATE": 47, "SO_PRIORITY": 12, "SO_RCVBUFFORCE": 33, "SO_SNDBUFFORCE": 32,
    "SO_TIMESTAMP": 29, "SO_PEERCRED": 17, "SO_PASSCRED": 16, "SO_ACCEPTCONN": 30, "SO_PEEK_OFF": 42,
    "SCM_CREDENTIALS": 2, "SCM_RIGHTS": 1, "SO_NO_CHECK": 11,
    "TCP_INQ": 36, "TCP_NOTSENT_LOWAT": 25, "TCP_CONGESTION": 13, "TCP_USER_TIMEOUT": 18, "TCP_FASTOPEN": 23,
    "IP_PKTINFO": 8, "IP_RECVERR": 11, "IP_RECVTTL": 12, "IP_RECVTOS": 13, "IP_MTU": 14, "IP_MTU_DISCOVER": 10,
    "IP_FREEBIND": 15, "IP_UNICAST_IF": 50, "IP_TRANSPARENT": 19, "IP_RECVOPTS": 6, "IP_MINTTL": 21,
    "IP_MULTICAST_ALL": 49, "IP_BIND_ADDRESS_NO_PORT": 24,
    "IP_PMTUDISC_DONT": 0, "IP_PMTUDISC_WANT": 1, "IP_PMTUDISC_DO": 2, "IP_PMTUDISC_PROBE": 3,
    "IP_PMTUDISC_INTERFACE": 4, "IP_PMTUDISC_OMIT": 5,
    "PF_INET": 2, "PF_UNIX": 1, "PF_LOCAL": 1, "AF_LOCAL": 1, "AF_ATMPVC": 8, "AF_X25": 9, "AF_AX25": 3,
    "AF_APPLETALK": 5, "AF_IPX": 4, "AF_MAX": 46, "SOL_PACKET": 263, "SOL_IP": 0, "SOL_TCP": 6, "SOL_UDP": 17,
    "SOL_RAW": 255, "ICMP_FILTER": 1, "PACKET_STATISTICS": 6,
    "MSG_FIN": 0x200, "MSG_PROXY": 0x10,
    "FIONREAD": termios.FIONREAD, "FIONBIO": termios.FIONBIO, "FIOASYNC": termios.FIOASYNC, "SIOCATMARK": 0x8905,
    "F_GETFL": fcntl.F_GETFL, "F_SETFL": fcntl.F_SETFL, "F_DUPFD": fcntl.F_DUPFD, "F_GETFD": fcntl.F_GETFD,
    "F_SETFD": fcntl.F_SETFD, "F_DUPFD_CLOEXEC": fcntl.F_DUPFD_CLOEXEC, "FD_CLOEXEC": 1,
    "O_RDWR": os.O_RDWR, "O_NONBLOCK": os.O_NONBLOCK, "O_ASYNC": os.O_ASYNC, "O_RDONLY": 0,
    "CAP_NET_BIND_SERVICE": 10, "CAP_NET_ADMIN": 12, "CAP_NET_RAW": 13,
    "ETH_P_IP": 0x0800, "ETH_P_ALL": 3,
}


def number(text):
    """The value of `A|B|0x10|-1`."""
    return sum_of(one(part) for part in text.split("|"))


def sum_of(values):
    total = 0
    for value in values:
        total = value if total == 0 else total | value
    return total


def one(text):
    if text in LACKING:
        return LACKING[text]
    for module in (socket, select):
        if hasattr(module, text):
            return int(getattr(module, text))
    return int(text, 0)
