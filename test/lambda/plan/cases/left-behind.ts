/** What an earlier run left behind. */
import { foreign, ours, type PlanCase, row } from '../plan-case.ts'

export const leftBehindCases: readonly PlanCase[] = [
  row('takes away challenge values that an earlier run left behind', {
    now: '2026-02-01',
    stored: [ours('a3', '2026-01-20', '2026-04-20')],
    targets: { 'web:443': 'a3' },
    remembered: { values: ['_acme-challenge.www.example.com'] },
    actions: ['clean-up shop'],
  }),
  row('gives up an order in flight that is not needed any more', {
    now: '2026-02-01',
    stored: [ours('a3', '2026-01-20', '2026-04-20')],
    targets: { 'web:443': 'a3' },
    remembered: { order: 'other' },
    actions: ['clean-up shop order'],
  }),
  row('goes on with an order in flight where a new one is due, after its values are away', {
    now: '2026-02-01',
    foreign: [foreign('f1', '2025-05-01', '2026-03-20', ['www.example.com'])],
    targets: { 'web:443': 'f1' },
    remembered: { order: 'other', values: ['_acme-challenge.www.example.com'] },
    actions: ['clean-up shop', 'issue shop renewal-due', 'attach shop web:443 new renewal-due, else f1'],
  }),
  row('forgets an entry that is gone, with all that it left', {
    now: '2026-02-01',
    stored: [ours('a3', '2026-01-20', '2026-04-20')],
    targets: { 'web:443': 'a3' },
    rememberedOf: { gone: { order: 'other', values: ['_acme-challenge.gone.example.com'] } },
    forgotten: ['gone'],
    actions: ['clean-up gone order forget'],
    statuses: ['shop settled'],
  }),
  row('keeps an order in flight while its listener has a problem', {
    now: '2026-02-01',
    stored: [ours('a1', '2025-11-20', '2026-02-18')],
    targets: { 'web:443': { problem: 'elb/listener-not-found' } },
    remembered: { order: 'same', orderedAt: '2026-01-31' },
    actions: [],
    statuses: ['shop failed'],
  }),
  row('keeps an order in flight while it cannot be read what the listener has', {
    now: '2026-02-01',
    targets: { 'web:443': 'unreadable' },
    remembered: { order: 'same' },
    actions: [],
    statuses: ['shop held-back'],
  }),
  row('gives up an order for another specification also while its listener has a problem', {
    now: '2026-02-01',
    targets: { 'web:443': { problem: 'elb/listener-not-found' } },
    remembered: { order: 'other' },
    actions: ['clean-up shop order'],
    statuses: ['shop failed'],
  }),
  row(
    'gives up an order whose certificate is stored, also where a new one is due: it would bring the same one',
    {
      now: '2026-02-01',
      stored: [
        ours('a1', '2025-12-10', '2026-03-10'),
        ours('a2', '2026-01-20', '2026-04-20', { uploaded: '2026-01-20', rejectedAt: ['web:443'] }),
      ],
      targets: { 'web:443': 'a1' },
      remembered: { order: 'same', orderedAt: '2026-01-20', working: { 'web:443': ['a1', '2026-01-10'] } },
      actions: [
        'clean-up shop order',
        'issue shop broke-before',
        'attach shop web:443 new broke-before, else a1',
      ],
      statuses: ['shop rejected'],
    },
  ),
  row('goes on with an order that was placed after what is stored', {
    now: '2026-02-01',
    stored: [ours('a1', '2025-11-20', '2026-02-18')],
    targets: { 'web:443': 'a1' },
    remembered: { order: 'same', orderedAt: '2026-01-20' },
    actions: ['issue shop renewal-due', 'attach shop web:443 new renewal-due, else a1'],
  }),
]
