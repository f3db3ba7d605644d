export { type ServePluginOptions, servePlugin } from './serve-plugin.ts'
export type { Daemon } from './served.ts'
