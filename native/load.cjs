'use strict'
// The compiled addon; { error } where it cannot be loaded, since an import must not throw what only a use may.
// CommonJS by hand: both builds of lib/ and the tests import it, and it knows where it lies.
const { existsSync } = require('node:fs')
const { dirname, join } = require('node:path')

/** The nearest folder whose package.json is libcnm's own: dist/esm and dist/cjs have one without a name. */
function packageFolder(folder) {
  const manifest = join(folder, 'package.json')
  if (existsSync(manifest) && require(manifest).name === 'libcnm') return folder
  if (dirname(folder) === folder) throw new Error(`no package.json of libcnm above ${__dirname}`)
  return packageFolder(dirname(folder))
}

try {
  module.exports = require('node-gyp-build')(packageFolder(__dirname))
} catch (error) {
  module.exports = { error }
}
