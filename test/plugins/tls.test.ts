import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { expect, it } from 'vitest'
import { Authority, type Certificates } from '../support/certificates.ts'
import { Stage } from '../support/stage.ts'
import { reaches } from '../support/traffic.ts'
import { Stubs } from './stub.ts'

const stubs = new Stubs()
const stage = new Stage()

/** A plugin's socket, by TCP and TLS, for clients whose certificate the same CA has signed. */
async function behindTls(socket: string, { ca, cert, key }: Certificates): Promise<{ readonly port: number } & AsyncDisposable> {
  const files = { ca: readFileSync(ca), cert: readFileSync(cert), key: readFileSync(key) }
  const server = createServer({ ...files, requestCert: true, rejectUnauthorized: true }, (client) => {
    const plugin = connect(socket)
    client.on('error', () => plugin.destroy()).pipe(plugin)
    plugin.on('error', () => client.destroy()).pipe(client)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

it('a plugin by TLS is driven with the certificates of its .json; nobody else gets there, and no impostor is believed', async () => {
  using authority = new Authority()
  using other = new Authority()
  const [own, foreign] = [authority.issue('own'), other.issue('foreign')]
  stubs.settle(stage.lab)
  await stubs.start('stub')
  await using plugin = await behindTls(join(stage.lab.run, '..', 'stub.sock'), authority.issue('plugin'))
  const specs = join(stage.lab.run, '..', 'specs')
  mkdirSync(specs)
  /** Told so where it is, it is asked for a network. */
  const there = { name: 'there', driver: 'far', ipam: { driver: 'far' } }
  const ask = async (TLSConfig: object | null, Addr = `https://127.0.0.1:${plugin.port}`) => {
    writeFileSync(join(specs, 'far.json'), JSON.stringify({ Name: 'far', Addr, TLSConfig }))
    await stage.reopen({ plugins: { places: { sockets: specs, specs: [specs] }, patience: 2000 } })
    return stage.cnm.createNetwork(there)
  }
  const [CertFile, KeyFile] = [own.cert, own.key]

  const network = await ask({ CAFile: own.ca, CertFile, KeyFile })
  expect(network).toMatchObject({ plugin: true, pools: [{ subnet: '10.77.0.0/24' }] })
  const one = await stage.cnm.createSandbox({ name: 'one', networks: [{ network: 'there' }] })
  expect(await reaches(one.path, '10.77.0.1')).toBe(true)
  await stage.cnm.removeSandbox('one')
  await stage.cnm.removeNetwork('there')
  // As in dockerd: where nobody says whom to believe, anybody is. The plugin still wants to know who asks.
  await ask({ CertFile, KeyFile })
  await stage.cnm.removeNetwork('there')
  stubs.heard('stub')

  await expect(ask({ CAFile: own.ca })).rejects.toThrow(/cannot be reached: .*certificate required/)
  await expect(ask({ CAFile: own.ca, CertFile: foreign.cert, KeyFile: foreign.key })).rejects.toThrow(
    /cannot be reached: .*(hang up|reset|alert)/,
  )
  await expect(ask({ CAFile: foreign.ca, CertFile, KeyFile })).rejects.toThrow(/cannot be reached: .*(self.signed|unable to verify)/)
  await expect(ask(null)).rejects.toThrow(/cannot be reached: .*(self.signed|unable to verify)/)
  await expect(ask(null, `http://127.0.0.1:${plugin.port}`)).rejects.toThrow(/cannot be reached: .*(hang up|reset)/)
  await expect(ask({ CAFile: '/nowhere/ca.pem', CertFile, KeyFile })).rejects.toMatchObject({
    code: 'PLUGIN_TLS',
    message: expect.stringContaining('cannot read /nowhere/ca.pem, with which a plugin is asked: ENOENT'),
  })
  expect(stubs.heard('stub')).toEqual([])
  expect(stage.cnm.networks().map(({ name }) => name)).not.toContain('there')
})
