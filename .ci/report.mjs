// report.mjs REPORT CHECKS STATUS: what failed, by name and why, and how many passed and failed. REPORT is vitest's, as JSON; CHECKS has a
// line per check, 'passed' or 'failed' and its command; STATUS is vitest's. A file that could not be read, a test that was skipped,
// and an error outside of all tests count as failed.
import { readFileSync } from 'node:fs'
import { relative } from 'node:path'

const [report, checks] = process.argv.slice(2, 4).map((file) => readFileSync(file, 'utf8'))
const run = process.argv[4]
const { testResults = [] } = report ? JSON.parse(report) : {}

const outcomes = testResults.flatMap(({ name, status, message, assertionResults }) => {
  const file = relative('', name)
  // A test that a hook of its file kept from running has no message of its own.
  const why = (messages = []) => (messages.length > 0 ? messages : [message])
  const tests = assertionResults.map((test) => ({
    passed: test.status === 'passed',
    what: `${file}: ${test.fullName}`,
    why: why(test.failureMessages),
  }))
  return status === 'passed' || tests.some(({ passed }) => !passed) ? tests : [...tests, { passed: false, what: file, why: why() }]
})
if (run !== '0' && outcomes.every(({ passed }) => passed))
  outcomes.push({ passed: false, what: 'npm test', why: ['its last lines say why'] })
for (const line of checks.split('\n').filter(Boolean)) {
  const [status, ...command] = line.split(' ')
  outcomes.push({ passed: status === 'passed', what: command.join(' '), why: [] })
}

const failed = outcomes.filter(({ passed }) => !passed)
for (const { what, why } of failed) console.log([`failed: ${what}`, ...why].join('\n'))
console.log(`${outcomes.length - failed.length} passed, ${failed.length} failed`)
process.exitCode = failed.length > 0 || outcomes.length === 0 ? 1 : 0
