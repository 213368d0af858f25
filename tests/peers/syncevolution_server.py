"""Debian's SyncEvolution HTTP server, bound to the loopback address alone: by itself it listens on every interface.

Usage: dbus-run-session -- /usr/bin/python3 syncevolution_server.py http://127.0.0.1:PORT/sync
"""

import sys

PATH = "/usr/bin/syncevo-http-server"
LISTENS = "reactor.listenTCP(url.port, site)"

with open(PATH, encoding="utf-8") as file:
    source = file.read()
assert LISTENS in source, f"{PATH} is not the release this was written for"
sys.argv[0] = PATH
bound = source.replace(LISTENS, "reactor.listenTCP(url.port, site, interface='127.0.0.1')")
exec(compile(bound, PATH, "exec"), {"__name__": "__main__", "__file__": PATH})
