"""A Docker plugin as somebody else writes one: network driver and IPAM driver, in the words of the protocol and nothing more.

stub.py SOCKET LOG TWISTS STATE: each call becomes a line of LOG, {"method", "request", "status"}. STATE is what it remembers
when it is started anew. TWISTS is JSON, or is not there:
{"capabilities": {...}, "ipam": {...}, "refuse": {METHOD: WORDS}, "say": {METHOD: ANSWER}, "hang": [METHOD], "fresh": true,
"twice": true}
"""
import http.server
import ipaddress
import json
import os
import pickle
import socketserver
import subprocess
import sys
import threading
import time

SOCKET, LOG, TWISTS, STATE = sys.argv[1:]
lock = threading.Lock()
if os.path.exists(STATE):
    with open(STATE, "rb") as file:
        pools, networks, endpoints = pickle.load(file)
else:
    pools, networks, endpoints = {}, {}, {}


def twists():
    try:
        with open(TWISTS) as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def ip(*words):
    subprocess.run(["ip", *words], capture_output=True)


def mac_of(endpoint):
    return "02:77:" + ":".join(endpoint[i : i + 2] for i in (0, 2, 4, 6))


def request_pool(asked):
    pool = asked["Pool"] or ("fd77::/64" if asked["V6"] else f"10.77.{len(pools)}.0/24")
    key = "/".join(filter(None, [asked["AddressSpace"], pool, asked["SubPool"]]))
    pools[key] = (ipaddress.ip_network(pool), set())
    return {"PoolID": key, "Pool": pool, "Data": {}}


def release_pool(asked):
    del pools[asked["PoolID"]]
    return {}


def request_address(asked):
    subnet, taken = pools[asked["PoolID"]]
    wanted = asked["Address"]
    address = ipaddress.ip_address(wanted) if wanted else next(host for host in subnet.hosts() if host not in taken)
    taken.add(address)
    return {"Address": f"{address}/{subnet.prefixlen}", "Data": {}}


def release_address(asked):
    pools[asked["PoolID"]][1].discard(ipaddress.ip_address(asked["Address"]))
    return {}


def create_network(asked):
    networks[asked["NetworkID"]] = asked
    bridge = "sb" + asked["NetworkID"][:8]
    ip("link", "add", bridge, "type", "bridge")
    for data in (asked["IPv4Data"] or []) + (asked["IPv6Data"] or []):
        if "Gateway" in data:
            ip("addr", "add", data["Gateway"], "dev", bridge, *(["nodad"] if ":" in data["Gateway"] else []))
    ip("link", "set", bridge, "up")
    return {}


def delete_network(asked):
    del networks[asked["NetworkID"]]
    ip("link", "del", "sb" + asked["NetworkID"][:8])
    return {}


def create_endpoint(asked):
    endpoints[asked["EndpointID"]] = asked
    return {"Interface": {} if asked["Interface"]["MacAddress"] else {"MacAddress": mac_of(asked["EndpointID"])}}


def join(asked):
    network, endpoint = asked["NetworkID"], asked["EndpointID"]
    outside, inside = "h" + endpoint[:8], "c" + endpoint[:8]
    ip("link", "add", outside, "type", "veth", "peer", "name", inside)
    ip("link", "set", outside, "master", "sb" + network[:8], "up")
    said = {
        "InterfaceName": {"SrcName": inside, "DstPrefix": "eth"},
        "StaticRoutes": [{"Destination": f"198.18.{int(network[:2], 16)}.0/24", "RouteType": 1, "NextHop": ""}],
        "DisableGatewayService": False,
    }
    for key, family in (("Gateway", "IPv4Data"), ("GatewayIPv6", "IPv6Data")):
        data = networks[network][family] or [{}]
        if "Gateway" in data[0]:
            said[key] = data[0]["Gateway"].split("/")[0]
    return said


def leave(asked):
    ip("link", "del", "h" + asked["EndpointID"][:8])
    return {}


def delete_endpoint(asked):
    del endpoints[asked["EndpointID"]]
    return {}


def activate(_):
    if twists().get("fresh"):
        for memory in (pools, networks, endpoints):
            memory.clear()
    return {"Implements": ["NetworkDriver", "IpamDriver"]}


ANSWERS = {
    "Plugin.Activate": activate,
    "NetworkDriver.GetCapabilities": lambda _: twists().get("capabilities", {"Scope": "local"}),
    "NetworkDriver.GwAllocCheck": lambda _: {"SkipIPv4": True},
    "NetworkDriver.CreateNetwork": create_network,
    "NetworkDriver.DeleteNetwork": delete_network,
    "NetworkDriver.CreateEndpoint": create_endpoint,
    "NetworkDriver.DeleteEndpoint": delete_endpoint,
    "NetworkDriver.Join": join,
    "NetworkDriver.Leave": leave,
    "NetworkDriver.ProgramExternalConnectivity": lambda _: {},
    "NetworkDriver.RevokeExternalConnectivity": lambda _: {},
    "NetworkDriver.DiscoverNew": lambda _: {},
    "NetworkDriver.DiscoverDelete": lambda _: {},
    "IpamDriver.GetCapabilities": lambda _: twists().get("ipam", {}),
    "IpamDriver.GetDefaultAddressSpaces": lambda _: {
        "LocalDefaultAddressSpace": "stublocal",
        "GlobalDefaultAddressSpace": "stubglobal",
    },
    "IpamDriver.RequestPool": request_pool,
    "IpamDriver.ReleasePool": release_pool,
    "IpamDriver.RequestAddress": request_address,
    "IpamDriver.ReleaseAddress": release_address,
}


def answer(method, asked):
    twist = twists()
    if method in twist.get("refuse", {}):
        return 500, {"Err": twist["refuse"][method]}
    if method not in ANSWERS:
        return 404, {"Err": "no such method"}
    try:
        said = ANSWERS[method](asked)
    except Exception as error:
        return 500, {"Err": repr(error)}
    return 200, twist.get("say", {}).get(method, said)


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        method = self.path[1:]
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with lock:
            status, said = answer(method, json.loads(text) if text else None)
            with open(STATE, "wb") as file:
                pickle.dump((pools, networks, endpoints), file)
            with open(LOG, "a") as log:
                log.write(json.dumps({"method": method, "request": json.loads(text) if text else None, "status": status}) + "\n")
        if method in twists().get("hang", []):
            time.sleep(60)
        body = json.dumps(said).encode() * (2 if twists().get("twice") else 1)
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

    def address_string(self):
        return ""


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


if os.path.exists(SOCKET):
    os.unlink(SOCKET)
server = Server(SOCKET, Handler)
print(SOCKET, flush=True)
server.serve_forever()
