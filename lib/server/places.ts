/** Where dockerd looks for plugins. */
export const PLUGINS = '/run/docker/plugins'

/** Where clients find us, in the run directory. */
export const SOCKET = 'cnm.sock'
