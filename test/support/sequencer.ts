import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** Files that take longer than half a minute, the longest first. */
const LONG = [
  'uml/uml',
  'life/steps-networks',
  'life/steps-sandboxes',
  'docker/overlay',
  'qemu/qemu',
  'kernel/bridge-options',
  'docker/boot',
  'kernel/bridge',
  'cli/explain',
  'soak/swarm',
  'docker/docker',
  'docker/engine',
  'docker/managed',
  'soak/kill',
  'uml/docker/docker',
  'kernel/packets',
  'kernel/dhcp',
  'server/mutated',
  'life/many',
].map((name) => fileURLToPath(new URL(`../${name}.test.ts`, import.meta.url)))

const UNIT = fileURLToPath(new URL('../unit/', import.meta.url))

/** What takes long begins first, lest somebody works alone at the end; where nobody waits for a kernel, last. */
export class LongFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const gone = LONG.filter((file) => !existsSync(file))
    if (gone.length > 0) throw new Error(`no such tests: ${gone.join(', ')}`)
    const rank = ({ moduleId }: TestSpecification): number => {
      const at = LONG.indexOf(moduleId)
      return at >= 0 ? at : LONG.length + (moduleId.startsWith(UNIT) ? 1 : 0)
    }
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b))
  }
}
