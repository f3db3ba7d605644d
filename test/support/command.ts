import { fileURLToPath } from 'node:url'

/** The built program. */
export const CNM = fileURLToPath(new URL('../../dist/cli/main.cjs', import.meta.url))
