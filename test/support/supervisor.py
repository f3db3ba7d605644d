"""What systemd does for a service with sockets: supervisor.py NOTIFY PATH... -- COMMAND...

It listens at each PATH and passes that on (LISTEN_FDS), prints what COMMAND tells at NOTIFY (NOTIFY_SOCKET) and how it ends, and
starts it anew after a kill. SIGTERM goes on to COMMAND, and that is the end of both.
"""
import os
import signal
import socket
import sys
import threading

NOTIFY = sys.argv[1]
PATHS = sys.argv[2 : sys.argv.index("--")]
COMMAND = sys.argv[sys.argv.index("--") + 1 :]

heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
heard.bind(NOTIFY)
servers = []
for path in PATHS:
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    server.bind(path)
    server.listen(128)
    servers.append(server)


def say(text):
    print(text, flush=True)


def listen():
    while True:
        say(heard.recv(4096).decode())


def run():
    pid = os.fork()
    if pid == 0:
        # Beyond those that are to be taken, so that none is overwritten before it is moved.
        kept = [os.dup(server.fileno()) for server in servers]
        high = [os.dup2(fd, 100 + i) for i, fd in enumerate(kept)]
        for i, fd in enumerate(high):
            os.dup2(fd, 3 + i, inheritable=True)
        os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(servers)), NOTIFY_SOCKET=NOTIFY)
        os.execvp(COMMAND[0], COMMAND)
    return pid


threading.Thread(target=listen, daemon=True).start()
child = run()
ending = False


def end(*_):
    global ending
    ending = True
    try:
        os.kill(child, signal.SIGTERM)
    except ProcessLookupError:
        pass


signal.signal(signal.SIGTERM, end)
say(f"pid {child}")
while True:
    _, status = os.waitpid(child, 0)
    say(f"ended {os.waitstatus_to_exitcode(status)}")
    if ending:
        break
    child = run()
    say(f"pid {child}")
