import { gone, killedAtEachStep, port } from '../support/steps.ts'

const RATES = { 'cnm.rate.in': '10mbit', 'cnm.rate.out': '10mbit' }

killedAtEachStep({
  'a sandbox is made': {
    verb: ['createSandbox', { name: 'new', networks: [{ network: 'base', options: RATES }, { network: 'lan' }], ports: [port(8081)] }],
    after: (cnm) => gone(cnm.removeSandbox('new')),
  },
  'a sandbox is removed': {
    before: (cnm) => cnm.createSandbox({ name: 'old', networks: [{ network: 'base' }, { network: 'lan' }], ports: [port(8081)] }),
    verb: ['removeSandbox', 'old'],
    after: (cnm) => gone(cnm.removeSandbox('old')),
  },
  'the first sandbox on bridge': {
    verb: ['createSandbox', { name: 'new', networks: [{ network: 'bridge' }] }],
    after: (cnm) => gone(cnm.removeSandbox('new')),
  },
  'the last sandbox on bridge': {
    before: (cnm) => cnm.createSandbox({ name: 'old', networks: [{ network: 'bridge' }] }),
    verb: ['removeSandbox', 'old'],
    after: (cnm) => gone(cnm.removeSandbox('old')),
  },
})
