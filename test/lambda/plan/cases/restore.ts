/** What each swap would put back should the listener break, and whether the listener is broken before it. */
import { foreign, ours, type PlanCase, row } from '../plan-case.ts'

const OLD = ours('a1', '2025-12-01', '2026-03-01')
const NEW = ours('a2', '2026-01-20', '2026-04-20', { uploaded: '2026-01-20' })
const REJECTED = ours('a2', '2026-01-20', '2026-04-20', { uploaded: '2026-01-20', rejectedAt: ['web:443'] })
const BOUGHT = foreign('f1', '2025-01-01', '2026-02-10', ['www.example.com'])

export const restoreCases: readonly PlanCase[] = [
  row('puts back what a healthy listener has, when a stored one is attached', {
    now: '2026-02-01',
    stored: [OLD, NEW],
    targets: { 'web:443': 'a1' },
    actions: ['attach shop web:443 a2 not-attached, else a1'],
  }),
  row('puts back what a healthy listener has, when a new one is issued', {
    now: '2026-02-01',
    foreign: [BOUGHT],
    targets: { 'web:443': 'f1' },
    actions: ['issue shop renewal-due urgent', 'attach shop web:443 new renewal-due, else f1'],
  }),
  row('puts back what an unreachable listener has: nothing speaks against it', {
    now: '2026-02-01',
    stored: [OLD, NEW],
    targets: { 'web:443': { attached: 'a1', serves: 'nothing' } },
    remembered: { working: { 'web:443': ['a1', '2025-12-01'] }, unseen: ['web:443'] },
    actions: ['attach shop web:443 a2 not-attached, else a1'],
  }),
  row('puts back what last worked, when the listener is still broken by what it has', {
    now: '2026-01-20',
    stored: [OLD, REJECTED],
    targets: { 'web:443': { attached: 'a2', serves: 'nothing' } },
    remembered: { working: { 'web:443': ['a1', '2025-12-01'] } },
    force: ['shop'],
    actions: ['issue shop forced', 'attach shop web:443 new forced, else a1, broken'],
  }),
  row('puts back what it has, when somebody has fixed the listener that it broke', {
    now: '2026-02-01',
    stored: [OLD, REJECTED],
    targets: { 'web:443': 'a2' },
    remembered: { working: { 'web:443': ['a2', '2026-01-25', 'a1'] } },
    force: ['shop'],
    actions: ['issue shop forced', 'attach shop web:443 new forced, else a2'],
  }),
  row('knows nothing to put back, when what broke the listener is all that is known of it', {
    now: '2026-02-01',
    stored: [REJECTED],
    targets: { 'web:443': { attached: 'a2', serves: 'nothing' } },
    actions: ['issue shop broke-before', 'attach shop web:443 new broke-before, else unknown, broken'],
    statuses: ['shop failed'],
  }),
  row('puts back what last worked, when the listener has been silent since the swap', {
    now: '2026-02-01',
    stored: [OLD, NEW],
    targets: { 'web:443': { attached: 'a2', serves: 'nothing' } },
    remembered: { working: { 'web:443': ['a1', '2025-12-01'] } },
    actions: ['verify shop web:443 a2 not-served, else a1, broken'],
  }),
  row('puts back what last worked, when a forced run replaces what made the listener silent', {
    now: '2026-02-01',
    stored: [OLD, NEW],
    targets: { 'web:443': { attached: 'a2', serves: 'nothing' } },
    remembered: { working: { 'web:443': ['a1', '2025-12-01'] } },
    force: ['shop'],
    actions: ['issue shop forced', 'attach shop web:443 new forced, else a1, broken'],
  }),
  row('puts back what is still served after a swap of an earlier run, when nothing is remembered', {
    now: '2026-02-01',
    stored: [OLD, NEW],
    targets: { 'web:443': { attached: 'a2', serves: 'a1' } },
    actions: ['verify shop web:443 a2 not-served, else a1'],
  }),
  row('knows nothing to put back after a swap of an earlier run, when its predecessor is gone', {
    now: '2026-02-01',
    stored: [NEW],
    targets: { 'web:443': { attached: 'a2', serves: 'ff' } },
    actions: ['verify shop web:443 a2 not-served, else unknown'],
  }),
  row('still names the predecessor that is remembered, although it is gone from the store', {
    now: '2026-02-01',
    stored: [NEW],
    targets: { 'web:443': { attached: 'a2', serves: 'ff' } },
    remembered: { working: { 'web:443': ['a1', '2025-12-01'] } },
    actions: ['verify shop web:443 a2 not-served, else a1'],
  }),
]
