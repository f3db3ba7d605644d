import { must } from '../support/run.ts'
import { gone, killedAtEachStep } from '../support/steps.ts'

killedAtEachStep({
  'a network is made': { verb: ['createNetwork', { name: 'more', enableIPv6: true }], after: (cnm) => gone(cnm.removeNetwork('more')) },
  'a network is removed': {
    before: (cnm) => cnm.createNetwork({ name: 'more', enableIPv6: true }),
    verb: ['removeNetwork', 'more'],
    after: (cnm) => gone(cnm.removeNetwork('more')),
  },
  'a sandbox is connected': {
    verb: ['connect', 'there', { network: 'other', gwPriority: 1 }],
    after: (cnm) => gone(cnm.disconnect('there', 'other')),
  },
  'a sandbox is disconnected': {
    before: (cnm) => cnm.connect('there', { network: 'lan' }),
    verb: ['disconnect', 'there', 'lan'],
    after: (cnm) => gone(cnm.disconnect('there', 'lan')),
  },
  'an address is reserved': { verb: ['reserve', 'base', 'db', '172.18.0.77'], after: (cnm) => gone(cnm.unreserve('base', 'db')) },
  'rules are written anew': { verb: ['reloadFirewall'], after: async () => {} },
  'a bridge is mended': {
    before: async (_, lab) =>
      void must(['sh', '-c', 'ip link del $(ip -o link show type bridge | grep -o "br-[0-9a-f]*" | head -1)'], { netns: lab.host }),
    verb: ['repair'],
    after: (cnm) => cnm.repair(),
  },
})
