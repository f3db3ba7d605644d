import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Which boot when they are asked for their version. */
const KERNELS = ['/usr/bin/linux.uml', '/usr/bin/qemu-system-x86_64', 'build/qemu/kernel/initrd']

/** Nothing is skipped for want of something: the run fails and says what to do. */
export default function prerequisites(): void {
  const missing: string[] = []
  if (process.getuid?.() !== 0) missing.push('root (network namespaces and raw netlink)')
  for (const tool of [
    'ip',
    'nft',
    'ping',
    'nsenter',
    'tcpdump',
    'mausezahn',
    'na6',
    'conntrack',
    'dockerd',
    'busybox',
    'etcd',
    'openssl',
  ]) {
    if (spawnSync(tool, ['-V'], { stdio: 'ignore' }).error) missing.push(tool)
  }
  const files = ['build/Release/cnm.node', 'build/Release/cnm-client', 'dist/cli/main.cjs', 'dist/cjs/lib/index.js', ...KERNELS]
  missing.push(...files.filter((file) => !existsSync(file)))
  if (missing.length > 0) throw new Error(`the tests need ${missing.join(', ')}; run them with: npm test`)
}
