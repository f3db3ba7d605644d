import { describe, expect, it } from 'vitest'
import { Misuse } from '../../lib/cli/misuse.ts'
import { formatOpening, parsePorts } from '../../lib/cli/port.ts'

describe('-p', () => {
  it.each([
    ['8080:80', { protocol: 'tcp', hostIP: '', hostPort: 8080, port: 80 }],
    ['53:5353/udp', { protocol: 'udp', hostIP: '', hostPort: 53, port: 5353 }],
    ['53:53/UDP', { protocol: 'udp', hostIP: '', hostPort: 53, port: 53 }],
    ['127.0.0.1:8080:80/sctp', { protocol: 'sctp', hostIP: '127.0.0.1', hostPort: 8080, port: 80 }],
    ['80', { protocol: 'tcp', hostIP: '', hostPort: 0, port: 80 }],
    ['0:80', { protocol: 'tcp', hostIP: '', hostPort: 0, port: 80 }],
    ['127.0.0.1::80', { protocol: 'tcp', hostIP: '127.0.0.1', hostPort: 0, port: 80 }],
    ['8080-8089:80', { protocol: 'tcp', hostIP: '', hostPort: 8080, hostPortEnd: 8089, port: 80 }],
    ['[::1]:8080:80', { protocol: 'tcp', hostIP: '::1', hostPort: 8080, port: 80 }],
    ['::1:8080:80', { protocol: 'tcp', hostIP: '::1', hostPort: 8080, port: 80 }],
  ])('%s', (text, binding) => {
    expect(parsePorts(text)).toEqual([binding])
  })

  it('a range is one port for each of it', () => {
    const numbers = (text: string) => parsePorts(text).map(({ hostPort, port }) => [hostPort, port])
    expect(numbers('8080-8081:80-81')).toEqual([
      [8080, 80],
      [8081, 81],
    ])
    expect(numbers('80-81')).toEqual([
      [0, 80],
      [0, 81],
    ])
  })

  it.each([
    ['', 'no port specified: <empty>'],
    [':', 'no port specified: :<empty>'],
    ['80:', 'no port specified: 80:<empty>'],
    ['foo', 'invalid containerPort: foo'],
    ['8080:foo', 'invalid containerPort: foo'],
    ['8080:0', 'invalid containerPort: 0'],
    ['8080:80x', 'invalid containerPort: 80x'],
    ['99999:80', 'invalid hostPort: 99999'],
    ['-1:80', 'invalid hostPort: -1'],
    ['8080:80/foo', 'invalid proto: foo'],
    ['localhost:80:80', 'invalid IP address: localhost'],
    ['1.2.3:80:80', 'invalid IP address: 1.2.3'],
    ['[::1:80:80', 'invalid IP address: [::1'],
    ['8081-8080:80', 'invalid hostPort: 8081-8080'],
    ['8080:80-70', 'invalid containerPort: 80-70'],
    ['8080-8082:80-81', 'invalid ranges specified for container and host Ports: 80-81 and 8080-8082'],
    ['8080:80-81', 'invalid ranges specified for container and host Ports: 80-81 and 8080'],
  ])('%s is refused', (text, sentence) => {
    expect(() => parsePorts(text)).toThrow(new Misuse(sentence))
  })
})

describe('PORTS', () => {
  it('is written as docker ps does', () => {
    const opening = { protocol: 'tcp', hostPort: 8080, port: 80, address: '10.0.0.2', direct: false } as const
    expect(formatOpening({ ...opening, hostIP: '0.0.0.0' })).toBe('0.0.0.0:8080->80/tcp')
    expect(formatOpening({ ...opening, hostIP: '::', protocol: 'udp' })).toBe('[::]:8080->80/udp')
    expect(formatOpening({ ...opening, hostIP: '', hostPort: 0, direct: true })).toBe('80/tcp')
  })
})
