// An IPAM driver of one's own: addresses come from an inventory file, and who has them is written there.
// FILE: { "10.40.0.0/24": { "10.40.0.1": "", "10.40.0.7": "", "10.40.0.8": "a printer" } }; '' is free.
import { readFileSync, writeFileSync } from 'node:fs'
import { CnmError, open } from 'libcnm'

const file = process.argv[2]
const book = JSON.parse(readFileSync(file, 'utf8'))
const save = () => writeFileSync(file, JSON.stringify(book, null, 2))
const isClaimed = (subnet) => Object.values(book[subnet]).includes('gateway')

const inventory = {
  name: 'inventory',
  // The file remembers, so nobody has to tell us after a restart.
  capabilities: { requiresMACAddress: false, requiresRequestReplay: false },
  defaultAddressSpaces: () => ({ local: 'inventory', global: 'inventory' }),

  requestPool({ pool, v6 }) {
    const subnet = pool || Object.keys(book).find((name) => name.includes(':') === v6 && !isClaimed(name))
    if (!(subnet in book) || isClaimed(subnet)) throw new CnmError('POOL_INVALID', { reason: `the inventory has no free subnet ${pool}` })
    return { id: subnet, pool: subnet, data: {} }
  },
  // A subnet is free again with its gateway, which was released just before.
  releasePool() {},

  requestAddress(id, address, options) {
    const hosts = book[id]
    const ip = address || Object.keys(hosts).find((host) => hosts[host] === '')
    if (ip === undefined) throw new CnmError('NO_ADDRESSES', {})
    if (hosts[ip] !== '')
      throw new CnmError('ADDRESS_IN_USE', { address: ip, holder: hosts[ip] ?? 'nobody: the inventory does not have it' })
    hosts[ip] = options.RequestAddressType ? 'gateway' : 'sandbox'
    save()
    return `${ip}/${id.split('/')[1]}`
  },
  releaseAddress(id, address) {
    if (address in book[id]) book[id][address] = ''
    save()
  },
  usage(id) {
    const holders = Object.values(book[id])
    const available = holders.filter((holder) => holder === '').length
    return { inUse: BigInt(holders.length - available), available: BigInt(available) }
  },
}

const cnm = await open({ ipamDrivers: [inventory] })
try {
  await cnm.createNetwork({ name: 'racks', ipam: { driver: 'inventory' } })
  await cnm.createSandbox({ name: 'web', networks: [{ network: 'racks' }] })
  console.log(cnm.seats('web')[0].endpoint.address, await cnm.usage('racks'))
  console.log(readFileSync(file, 'utf8'))
  await cnm.removeSandbox('web')
  await cnm.removeNetwork('racks')
} finally {
  await cnm.close()
}
