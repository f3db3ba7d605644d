// netlink.cjs TABLE VERB IFINDEX COUNT: the rows of ceiling.c by the npm package netlink, each awaited, as its users do; it
// has no function for neighbours, so messages are its own raw ones. Prints the milliseconds.
const { createNetlink, Protocol } = require('netlink')

const [table, verb, ifindex, count] = process.argv.slice(2)
const FLAGS = { add: 0x600, replace: 0x500, del: 0 }
const TYPES = { fdb: [28, 29], neigh: [28, 29], route: [24, 25] }

function attribute(type, bytes) {
  const all = Buffer.alloc(4 + ((bytes.length + 3) & ~3))
  all.writeUInt16LE(4 + bytes.length, 0)
  all.writeUInt16LE(type, 2)
  all.set(bytes, 4)
  return all
}

function messageOf(row) {
  const low = [row >> 16, (row >> 8) & 255, row & 255]
  const index = Buffer.alloc(4)
  index.writeUInt32LE(Number(ifindex))
  const header = Buffer.alloc(12)
  if (table === 'route') {
    header.set(verb === 'del' ? [2, 32, 0, 0, 254, 0, 255, 0] : [2, 32, 0, 0, 254, 3, 253, 1])
    return Buffer.concat([header, attribute(1, Buffer.from([10, ...low])), attribute(4, index)])
  }
  header[0] = table === 'fdb' ? 7 : 2
  header.set(index, 4)
  header[8] = 0x80
  header[10] = table === 'fdb' ? 2 : 0
  return Buffer.concat([header, attribute(2, Buffer.from([2, 0, 0, ...low])), attribute(1, Buffer.from([10, ...low]))])
}

async function main() {
  const socket = createNetlink(Protocol.ROUTE, { ref: true })
  const type = TYPES[table][verb === 'del' ? 1 : 0]
  const start = performance.now()
  for (let row = 0; row < Number(count); row++) await socket.request(type, messageOf(row), { flags: FLAGS[verb] | 0x5 })
  console.log(performance.now() - start)
  socket.close()
}

main()
