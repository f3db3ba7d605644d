import { expect, it } from 'vitest'
import { ip, ips, mac, macs } from '../../../lib/netlink/pack.ts'

it('text becomes bytes', () => {
  expect(ip('10.0.0.1')).toEqual(Uint8Array.of(10, 0, 0, 1))
  expect(ip('fd00::1')).toEqual(Uint8Array.of(0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1))
  expect(mac('02:42:ac:11:00:02')).toEqual(Uint8Array.of(2, 0x42, 0xac, 0x11, 0, 2))
})

it('texts become a column', () => {
  expect(ips(['10.0.0.1', '10.0.0.2'])).toEqual(Uint8Array.of(10, 0, 0, 1, 10, 0, 0, 2))
  expect(macs(['02:00:00:00:00:01', '02:00:00:00:00:02'])).toEqual(Uint8Array.of(2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2))
  expect(ips([])).toEqual(new Uint8Array())
})

it.each([
  [() => ip('10.0.0'), "not an IP address: '10.0.0'"],
  [() => ip('fe80::1%eth0'), "not an IP address: 'fe80::1%eth0'"],
  [() => mac('02:42'), "not a MAC address: '02:42'"],
  [() => ips(['10.0.0.1', 'fd00::1']), "row 1 is of another family than row 0: 'fd00::1'"],
])('what is no address is named: %#', (read, message) => {
  expect(read).toThrow(new TypeError(message))
})
