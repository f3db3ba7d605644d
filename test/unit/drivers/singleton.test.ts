import { expect, it } from 'vitest'
import type { NetworkConfig } from '../../../lib/drivers/driver.ts'
import { host, none } from '../../../lib/drivers/singleton.ts'

it.each([
  ['host', host],
  ['null', none],
] as const)('%s takes no option of an endpoint in silence', (_, driver) => {
  const network = { name: driver.name } as NetworkConfig
  const endpoint = (options: Record<string, string>) => ({ id: 'e', ports: [], options })
  expect(driver.createEndpoint(network, endpoint({}))).toEqual({ plan: [] })
  expect(() => driver.createEndpoint(network, endpoint({ 'cnm.rate.in': '1mbit' }))).toThrow(
    `failed to parse cnm.rate.in value: 1mbit (the endpoints of network ${driver.name} have no options)`,
  )
})
