/** What the CA's advice changes. */
import { entry, foreign, ours, type PlanCase, row } from '../plan-case.ts'

export const ariCases: readonly PlanCase[] = [
  row('renews in the window that the CA gives, long before its own', {
    now: '2026-02-10',
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    remembered: { renewal: { serial: 'a1', from: '2026-02-08', to: '2026-02-11' } },
    actions: ['issue shop renewal-due replaces key.a1', 'attach shop web:443 new renewal-due, else a1'],
  }),
  row('waits for the window that the CA gives, when its own has passed', {
    now: '2026-03-15',
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    remembered: { renewal: { serial: 'a1', from: '2026-03-20', to: '2026-03-22' } },
    actions: [],
    statuses: ['shop settled'],
  }),
  row('renews before the end of its life, whatever the CA gives', {
    now: '2026-03-27',
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    remembered: { renewal: { serial: 'a1', from: '2026-05-01', to: '2026-05-03' } },
    actions: [
      'issue shop renewal-due urgent replaces key.a1',
      'attach shop web:443 new renewal-due, else a1',
    ],
  }),
  row('replaces early what the CA wanted replaced by now', {
    now: '2026-02-10',
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    remembered: {
      renewal: { serial: 'a1', from: '2026-02-08', to: '2026-02-09', page: 'https://ca.test/incident' },
    },
    actions: ['issue shop replace-early replaces key.a1', 'attach shop web:443 new replace-early, else a1'],
  }),
  row('calls it a renewal when the window of the CA is over and its own has come', {
    now: '2026-03-10',
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    remembered: { renewal: { serial: 'a1', from: '2026-02-08', to: '2026-02-09' } },
    actions: ['issue shop renewal-due replaces key.a1', 'attach shop web:443 new renewal-due, else a1'],
  }),
  row('does not apply to a certificate what the CA said of another', {
    now: '2026-02-10',
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    remembered: { renewal: { serial: 'a0', from: '2026-02-08', to: '2026-02-09' } },
    actions: [],
    statuses: ['shop settled'],
  }),
  row('gives a changed key type as the reason rather than the advice of the CA', {
    now: '2026-02-10',
    desired: [entry('shop', { keyType: 'ecdsa' })],
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    remembered: { renewal: { serial: 'a1', from: '2026-02-08', to: '2026-02-09' } },
    actions: [
      'issue shop key-type-changed replaces key.a1',
      'attach shop web:443 new key-type-changed, else a1',
    ],
  }),
  row('gives the advice of the CA as the reason rather than the wish to force it', {
    now: '2026-02-10',
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    remembered: { renewal: { serial: 'a1', from: '2026-02-08', to: '2026-02-09' } },
    force: ['shop'],
    actions: ['issue shop replace-early replaces key.a1', 'attach shop web:443 new replace-early, else a1'],
  }),
  row('does not listen to the CA about a certificate that broke a listener', {
    now: '2026-02-10',
    stored: [ours('a1', '2026-01-01', '2026-04-01', { uploaded: '2026-02-10', rejectedAt: ['web:443'] })],
    foreign: [foreign('f1', '2025-06-01', '2026-12-01', ['www.example.com'])],
    targets: { 'web:443': 'f1' },
    remembered: { renewal: { serial: 'a1', from: '2026-02-08', to: '2026-02-09' } },
    actions: [],
    statuses: ['shop rejected'],
  }),
  row('names no predecessor when orders have failed near the end: that claim may be the reason', {
    now: '2026-03-27',
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    remembered: { renewal: { serial: 'a1', from: '2026-03-01', to: '2026-03-03' }, failedOrders: 2 },
    actions: ['issue shop renewal-due urgent', 'attach shop web:443 new renewal-due, else a1'],
  }),
  row('still names the predecessor when orders have failed long before the end', {
    now: '2026-03-10',
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    remembered: { renewal: { serial: 'a1', from: '2026-03-01', to: '2026-03-03' }, failedOrders: 2 },
    actions: ['issue shop renewal-due replaces key.a1', 'attach shop web:443 new renewal-due, else a1'],
  }),
]
