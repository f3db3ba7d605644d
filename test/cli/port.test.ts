import { describe, expect, it } from 'vitest'
import { Misuse } from '../../lib/cli/misuse.ts'
import { formatOpening, parsePort } from '../../lib/cli/port.ts'

describe('-p', () => {
  it.each([
    ['8080:80', { protocol: 'tcp', hostIP: '', hostPort: 8080, port: 80 }],
    ['53:5353/udp', { protocol: 'udp', hostIP: '', hostPort: 53, port: 5353 }],
    ['53:53/UDP', { protocol: 'udp', hostIP: '', hostPort: 53, port: 53 }],
    ['127.0.0.1:8080:80/sctp', { protocol: 'sctp', hostIP: '127.0.0.1', hostPort: 8080, port: 80 }],
    ['[::1]:8080:80', { protocol: 'tcp', hostIP: '::1', hostPort: 8080, port: 80 }],
    ['::1:8080:80', { protocol: 'tcp', hostIP: '::1', hostPort: 8080, port: 80 }],
  ])('%s', (text, binding) => {
    expect(parsePort(text)).toEqual(binding)
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
    ['80', 'no host port specified: 80; as in 8080:80'],
    ['0:80', 'no host port specified: 0:80; as in 8080:80'],
    ['127.0.0.1::80', 'no host port specified: 127.0.0.1::80; as in 8080:80'],
    ['8080-8081:80-81', 'a range of ports is one -p for each of them: 8080-8081:80-81'],
  ])('%s is refused', (text, sentence) => {
    expect(() => parsePort(text)).toThrow(new Misuse(sentence))
  })
})

describe('PORTS', () => {
  it('is written as docker ps does', () => {
    const opening = { protocol: 'tcp', hostPort: 8080, port: 80, address: '10.0.0.2' } as const
    expect(formatOpening({ ...opening, hostIP: '0.0.0.0' })).toBe('0.0.0.0:8080->80/tcp')
    expect(formatOpening({ ...opening, hostIP: '::', protocol: 'udp' })).toBe('[::]:8080->80/udp')
  })
})
