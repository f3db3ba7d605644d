import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { must } from './run.ts'

const HERE_DOCUMENT = / - <<'EOF'$/

/**
 * Carries out printed commands as the shell would into which they are pasted: words, quotes, &&, $$ and here-documents.
 * `netns` is where that shell is, one of the test's own: a command that lacks its nsenter must not reach the machine.
 */
export function paste(text: string, options: { netns: string }): void {
  const lines = text.split('\n')
  for (let line = lines.shift(); line !== undefined; line = lines.shift()) {
    if (HERE_DOCUMENT.test(line)) withFile(lines.splice(0, lines.indexOf('EOF') + 1).slice(0, -1), line.replace(HERE_DOCUMENT, ''), options)
    else for (const command of line.split(' && ')) must(wordsOf(command), options)
  }
}

function withFile(content: readonly string[], command: string, options: { netns: string }): void {
  const folder = mkdtempSync(join(tmpdir(), 'cnm-paste-'))
  try {
    writeFileSync(join(folder, 'text'), `${content.join('\n')}\n`)
    must([...wordsOf(command), join(folder, 'text')], options)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const wordsOf = (command: string): readonly string[] =>
  (command.match(/(?:'[^']*'|\\'|[^\s'\\])+/g) ?? []).map((word) =>
    word.replace('$$', String(process.pid)).replace(/'([^']*)'|\\'/g, (part, quoted: string | undefined) => quoted ?? part.slice(1)),
  )
