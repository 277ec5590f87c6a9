"""The libzmq side of pyzmq_peer.rs: one role per process, one line of output per thing that happened."""

import sys
import threading

import zmq
from zmq.utils.monitor import recv_monitor_message

ROLE, PORT = sys.argv[1], int(sys.argv[2])
HOST = "tcp://127.0.0.1:%d"
out_lock = threading.Lock()


def say(*words):
    with out_lock:
        print(*words, flush=True)


def text(frames):
    return "|".join(f.decode() if len(f) < 100 else "%d bytes" % len(f) for f in frames)


def tuned(context, kind):
    sock = context.socket(kind)
    sock.setsockopt(zmq.LINGER, 0)
    sock.setsockopt(zmq.HEARTBEAT_IVL, 100)
    sock.setsockopt(zmq.HEARTBEAT_TIMEOUT, 400)
    sock.setsockopt(zmq.HEARTBEAT_TTL, 400)
    sock.setsockopt(zmq.RECONNECT_IVL, 10)
    return sock


def watch(sock):
    monitor = sock.get_monitor_socket()

    def loop():
        while True:
            event = recv_monitor_message(monitor)["event"]
            if event == zmq.EVENT_DISCONNECTED:
                say("disconnected")
            elif event == zmq.EVENT_HANDSHAKE_SUCCEEDED:
                say("connected")

    threading.Thread(target=loop, daemon=True).start()


def bind(sock):
    if PORT:
        sock.bind(HOST % PORT)
        say("bound", PORT)
    else:
        say("bound", sock.bind_to_random_port("tcp://127.0.0.1"))


def main():
    context = zmq.Context()
    if ROLE == "sub":
        sock = tuned(context, zmq.SUB)
        sock.setsockopt(zmq.IDENTITY, b"web1")
        for topic in sys.argv[3].split(","):
            sock.setsockopt(zmq.SUBSCRIBE, topic.encode())
        watch(sock)
        sock.connect(HOST % PORT)
        while True:
            say("got", text(sock.recv_multipart()))
    elif ROLE in ("req", "dealer"):
        sock = tuned(context, zmq.REQ if ROLE == "req" else zmq.DEALER)
        watch(sock)
        sock.connect(HOST % PORT)
        for line in sys.stdin:
            body = line.strip().encode()
            if body.isdigit():
                body = b"x" * int(body)
            sock.send_multipart([body] if ROLE == "req" else [b"", body])
            if ROLE == "req":
                say("got", text(sock.recv_multipart()))
            elif line.strip() == "last":
                break
        while ROLE == "dealer":
            say("got", text(sock.recv_multipart()))
    elif ROLE == "pub":
        sock = tuned(context, zmq.XPUB)
        bind(sock)
        say("subscribed", repr(sock.recv()))
        for line in sys.stdin:
            sock.send_multipart([f.encode() for f in line.strip().split("|")])
    elif ROLE == "router":
        sock = tuned(context, zmq.ROUTER)
        bind(sock)
        while True:
            frames = sock.recv_multipart()
            say("asked", frames[0].hex(), text(frames[2:]))
            sock.send_multipart(frames)


try:
    main()
except (KeyboardInterrupt, BrokenPipeError):
    pass
