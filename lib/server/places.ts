/** Where dockerd looks for plugins. */
export const PLUGINS = '/run/docker/plugins'

/** Where dockerd has its API. */
export const ENGINE = '/run/docker.sock'
/** Where clients find us, in the run directory. */
export const SOCKET = 'cnm.sock'
