import { dirname, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/**
 * What a test imports of lib/ is what is shipped, dist/esm, and read by Node.js: to have vitest read three hundred files anew takes
 * each file of tests half a second.
 */
export const shipped = {
  name: 'shipped',
  enforce: 'pre' as const,
  resolveId(source: string, importer?: string) {
    const path = importer && source.startsWith('.') ? relative(ROOT, resolve(dirname(importer), source)) : ''
    if (!/^lib\/.*\.ts$/.test(path)) return null
    return { id: `${ROOT}dist/esm/${path.replace(/ts$/, 'js')}`, external: true }
  },
}
