import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from '../support/run.ts'
import { CNM, Host } from './host.ts'
import { play } from './play.ts'

let host: Host
const bin = mkdtempSync(join(tmpdir(), 'cnm-bin-'))
beforeAll(async () => {
  host = new Host()
  // A shell finds the program in its PATH; it has to be in the host's namespace.
  writeFileSync(join(bin, 'cnm'), `#!/bin/sh\nexec nsenter --net=${host.host} -- ${process.execPath} ${CNM} "$@"\n`)
  chmodSync(join(bin, 'cnm'), 0o755)
  for (const name of ['front', 'back']) await host.must(`network create ${name}`)
  await host.must('sandbox create --name web --network front')
})
afterAll(async () => {
  await host[Symbol.asyncDispose]()
  rmSync(bin, { recursive: true })
})

const at = async (...words: readonly string[]) => (await host.must(['__complete', '--', ...words])).split('\n')

describe('at the cursor can stand', () => {
  it.each([
    [['net'], ['network']],
    [
      ['network', 'r'],
      ['reserve', 'rm'],
    ],
    [
      ['network', 'rm', ''],
      ['back', 'bridge', 'front', 'host', 'none'],
    ],
    [['network', 'rm', 'front', 'ba'], ['back']],
    [['network', 'connect', '--ip', '10.0.0.1', 'f'], ['front']],
    [['network', 'connect', 'front', ''], ['web']],
    [['network', 'connect', 'front', 'web', ''], ['']],
    [['network', 'create', '--config-f'], ['--config-from']],
    [['network', 'create', '--config-from', 'fr'], ['front']],
    [
      ['network', 'create', '--scope', ''],
      ['local', 'swarm'],
    ],
    [['network', 'list', '--q'], ['--quiet']],
    [['sandbox', 'rm', ''], ['web']],
    [['run', '--network', 'fron'], ['front']],
    [['explain', 'i'], ['internet']],
    [['explain', 'web', 'h'], ['host']],
    [
      ['completion', ''],
      ['bash', 'fish', 'zsh'],
    ],
    [
      ['--dry-run', 'network', 'p'],
      ['peer', 'prune'],
    ],
    [['network', 'nope', ''], ['']],
  ])('%j', async (words, candidates) => expect(await at(...words)).toEqual(candidates))

  it('nothing of its own making, when there is no controller to be had', async () => {
    const open = () => Promise.reject(new Error('busy'))
    expect(await play(['__complete', '--', 'network', 'rm', ''], { open })).toEqual({ status: 0, stdout: '', stderr: '' })
  })

  it('what is hidden does not stand', async () => {
    expect(await at('')).toEqual([
      'apply',
      'completion',
      'diff',
      'doctor',
      'events',
      'explain',
      'firewall',
      'help',
      'network',
      'node',
      'plan',
      'plugin',
      'repair',
      'run',
      'sandbox',
      'serve',
      'state',
      'swarm',
    ])
    expect(await at('network', 'create', '--no-')).toEqual([''])
  })
})

describe('a shell completes', () => {
  const shell = (argv: readonly string[]) => {
    const env = { ...process.env, ...host.env, PATH: `${bin}:${process.env['PATH']}`, HOME: bin }
    const { status, stdout, stderr } = run(argv, { env })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    return stdout.trim().split('\n')
  }

  it('bash', () => {
    const ask = `source <(cnm completion bash); COMP_WORDS=(cnm network rm ba); COMP_CWORD=3; _cnm; printf '%s\\n' "\${COMPREPLY[@]}"; complete -p cnm`
    expect(shell(['bash', '-c', ask])).toEqual(['back', 'complete -o default -F _cnm cnm'])
  })

  it('bash, with names that it would take for something else', async () => {
    const names = ['$(touch woe)', '*', 'two words']
    for (const name of names) await host.must(['network', 'create', name])
    const ask = `source <(cnm completion bash); cd ${bin}; COMP_WORDS=(cnm network rm ''); COMP_CWORD=3; _cnm; printf '%s\\n' "\${COMPREPLY[@]}"
COMP_WORDS=(cnm network connect back web ''); COMP_CWORD=5; _cnm; echo "\${#COMPREPLY[@]}"`
    const quoted = ['\\$\\(touch\\ woe\\)', '\\*', 'back', 'bridge', 'front', 'host', 'none', 'two\\ words']
    expect(shell(['bash', '-c', ask])).toEqual([...quoted, '0'])
    for (const name of names) await host.must(['network', 'rm', name])
  })

  it('zsh', () => {
    const ask = `compdef() { }; compadd() { print -l -- "\${(@P)2}" }; _files() { print files }
source <(cnm completion zsh); words=(cnm network connect front ''); CURRENT=5; _cnm; words=(cnm apply -f ''); CURRENT=4; _cnm`
    expect(shell(['zsh', '-f', '-c', ask])).toEqual(['web', 'files'])
  })

  it('fish', () => {
    expect(shell(['fish', '--no-config', '-c', 'cnm completion fish | source; complete -C "cnm network rm f"'])).toEqual(['front'])
  })

  it('no other', async () => {
    expect((await play(['completion', 'tcsh'])).stderr).toMatch(
      /^command-argument value 'tcsh' is invalid for argument 'shell'\. Allowed choices are bash, zsh, fish\./,
    )
  })
})
