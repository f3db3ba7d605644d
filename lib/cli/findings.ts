import type { Finding } from '../model/findings.ts'
import { formatRows, type Listing } from './format/rows.ts'
import { Row } from './format/value.ts'

const FINDINGS: Listing = {
  headers: { Code: 'CODE', Subject: 'SUBJECT', What: 'WHAT', Why: 'WHY IT MATTERS', Fix: 'FIX' },
  columns: ['Subject', 'What', 'Why', 'Fix'],
  raw: 'code: {{.Code}}\nsubject: {{.Subject}}\nwhat: {{.What}}\nwhy: {{.Why}}\nfix: {{.Fix}}\n',
  quietRaw: 'code: {{.Code}}',
}

export const FINDINGS_FORMAT = "'table', 'json', 'raw', or a Go template: {{.Code}}, {{.Subject}}, {{.What}}, {{.Why}}, {{.Fix}}"

/** Findings as `--format` wants them; a table of none is empty. */
export const formatFindings = (findings: readonly Finding[], format: string | undefined): string =>
  findings.length === 0 ? '' : formatRows(FINDINGS, findings.map(rowFor), format === undefined ? {} : { format })

const rowFor = ({ code, subject, what, why, fix }: Finding): Row =>
  new Row('finding', { Code: code, Fix: fix, Subject: subject, What: what, Why: why })

/** The exit code of who has something to say of the host. */
export const FOUND = 3
