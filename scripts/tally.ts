/** Add up the test runner's reports: `node tally.ts REPORT…` ends with `N passed, N failed`. What was skipped counts as failed. */
import { readFileSync } from 'node:fs'

interface Report {
  readonly numPassedTests: number
  readonly numTotalTests: number
  readonly success: boolean
}

let passed = 0
let failed = 0
for (const file of process.argv.slice(2)) {
  const report = read(file)
  const failures = report ? report.numTotalTests - report.numPassedTests : 1
  // a file that does not load has no tests to count, and is a failure all the same
  const missing = report && !report.success && failures === 0 ? 1 : 0
  passed += report?.numPassedTests ?? 0
  failed += failures + missing
}
process.stdout.write(`${passed} passed, ${failed} failed\n`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1

function read(file: string): Report | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report
  } catch {
    return null
  }
}
