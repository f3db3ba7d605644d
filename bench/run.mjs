// npm run bench [NAME] [--json]: the benches of the file that has NAME, or all of them.
const FILES = { attach: './verbs.mjs', connect: './verbs.mjs', fdb: './fdb.mjs', ipam: './ipam.mjs' }

const name = process.argv.slice(2).find((argument) => !argument.startsWith('-'))
if (name && !(name in FILES)) throw new Error(`no bench is called ${name}; there are ${Object.keys(FILES).join(', ')}`)
for (const file of new Set(name ? [FILES[name]] : Object.values(FILES))) await import(file)
