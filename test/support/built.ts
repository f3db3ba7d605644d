import { fileURLToPath } from 'node:url'

/** Programs that tests start by the hundred, as test/support/prepare.ts builds them: to start quickly. */
const built = (name: string): string => fileURLToPath(new URL(`../../build/test/${name}`, import.meta.url))

export const PEER = built('peer')
/** With Node.js. */
export const DOOMED = built('doomed.cjs')
