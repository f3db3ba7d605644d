export type { Daemon } from './daemon.ts'
export { type ServePluginOptions, servePlugin } from './serve-plugin.ts'
