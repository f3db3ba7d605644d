import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { must, run } from '../support/run.ts'

const PROGRAM = fileURLToPath(new URL('../../build/kernel-tests', import.meta.url))
const cases = must([PROGRAM, '--list-test-cases', '--no-intro'])
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('[doctest]') && !line.startsWith('==='))

/** A name as a filter: doctest takes a comma for the end of one, and an asterisk for anything. */
const filterOf = (name: string): string => name.replaceAll(',', '?')

it.each(cases)('%s', (name) => {
  const { status, stdout, stderr } = run([PROGRAM, '--no-intro', `--test-case=${filterOf(name)}`])
  expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({ status: 0, output: '' })
  expect(stdout).not.toMatch(/test cases: +0 /)
})
