"""Wires that delay and lose, for LANs of network namespaces where the kernel has no netem: carries Ethernet frames, multicast
included, between a host's port and the switch. As with netem at a host, what leaves the host is delayed and lost, and what
comes to it is not. Linux and the standard library only.

    impaired-wires.py DELAY_MS LOSS_PERCENT SEED PORT:WIRE...
"""
import collections
import random
import select
import signal
import socket
import sys
import time

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_VNET_HDR = 15
PACKET_IGNORE_OUTGOING = 23
# A segment of 64 KiB that was not split yet, with all headers.
FRAME_BYTES_MAX = 65536 + 256


def open_port(name):
    port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    # Frames come and go with their offload header: between namespaces checksums are never computed and large segments never
    # split, and without the header both would be lost.
    port.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
    port.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    port.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
    port.setblocking(False)
    port.bind((name, ETH_P_ALL))
    return port


def frames_of(port):
    while True:
        try:
            yield port.recv(FRAME_BYTES_MAX)
        except BlockingIOError:
            return


def send(port, frame):
    try:
        port.send(frame)
    except OSError:
        # A full queue, or a switch that is being taken down: a wire loses frames then.
        pass


def main(delay_ms, loss_percent, seed, *pairs):
    delay, loss = float(delay_ms) / 1000, float(loss_percent) / 100
    # Whoever started it decides when it ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    luck = random.Random(seed)
    poll = select.poll()
    delayed_to, passed_to, port_of = {}, {}, {}
    for pair in pairs:
        host, switch = (open_port(name) for name in pair.split(':'))
        delayed_to[host], passed_to[switch] = switch, host
        for port in (host, switch):
            port_of[port.fileno()] = port
            poll.register(port, select.POLLIN)
    under_way = collections.deque()
    print('ready', flush=True)
    while True:
        now = time.monotonic()
        while under_way and under_way[0][0] <= now:
            _, target, frame = under_way.popleft()
            send(target, frame)
        wait_ms = max(0, (under_way[0][0] - time.monotonic()) * 1000) if under_way else None
        for fileno, _ in poll.poll(wait_ms):
            port = port_of[fileno]
            if port in passed_to:
                for frame in frames_of(port):
                    send(passed_to[port], frame)
                continue
            due = time.monotonic() + delay
            for frame in frames_of(port):
                if luck.random() >= loss:
                    under_way.append((due, delayed_to[port], frame))


main(*sys.argv[1:])
