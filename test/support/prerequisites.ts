import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

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
  for (const built of ['build/Release/cnm.node', 'dist/esm/lib/cli/main.js', 'dist/cjs/lib/index.js']) {
    if (!existsSync(built)) missing.push(built)
  }
  if (missing.length > 0) throw new Error(`the tests need ${missing.join(', ')}; run them with: npm test`)
}
