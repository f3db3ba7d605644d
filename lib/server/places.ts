/** Where dockerd looks for plugins. */
export const PLUGINS = '/run/docker/plugins'
