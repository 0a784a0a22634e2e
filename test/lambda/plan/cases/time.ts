/** When a certificate is due. */
import { ours, type PlanCase, row } from '../plan-case.ts'

export const timeCases: readonly PlanCase[] = [
  row('waits one day before the point in the window', {
    now: '2026-02-28',
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    actions: [],
    statuses: ['shop settled'],
  }),
  row('renews in an open window when the point comes before the next run', {
    now: '2026-03-02',
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    intervalHours: 48,
    actions: ['issue shop renewal-due', 'attach shop web:443 new renewal-due, else a1'],
  }),
  row('renews before the window when it closes before the next run', {
    now: '2026-02-20',
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    intervalHours: 336,
    actions: ['issue shop renewal-due', 'attach shop web:443 new renewal-due, else a1'],
  }),
  row('renews a certificate of six days at half of its life', {
    now: '2026-01-04',
    stored: [ours('a1', '2026-01-01', '2026-01-07')],
    targets: { 'web:443': 'a1' },
    intervalHours: 6,
    actions: ['issue shop renewal-due', 'attach shop web:443 new renewal-due, else a1'],
  }),
  row('leaves a certificate of six days in its first half', {
    now: '2026-01-03',
    stored: [ours('a1', '2026-01-01', '2026-01-07')],
    targets: { 'web:443': 'a1' },
    intervalHours: 6,
    actions: [],
    statuses: ['shop settled'],
  }),
  row('renews a certificate of forty-five days at two thirds', {
    now: '2026-02-02',
    stored: [ours('a1', '2026-01-01', '2026-02-15')],
    targets: { 'web:443': 'a1' },
    actions: ['issue shop renewal-due', 'attach shop web:443 new renewal-due, else a1'],
  }),
]
