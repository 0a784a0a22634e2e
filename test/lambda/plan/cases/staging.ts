/** Staging CAs. */
import { entry, foreign, ours, type PlanCase, row, STAGING } from '../plan-case.ts'

export const stagingCases: readonly PlanCase[] = [
  row('refuses a staging CA over a certificate of production', {
    now: '2026-02-01',
    desired: [entry('shop', { directoryUrl: STAGING })],
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    actions: [],
    statuses: ['shop failed'],
  }),
  row('refuses a staging CA over a foreign certificate that is due', {
    now: '2026-11-25',
    desired: [entry('shop', { directoryUrl: STAGING })],
    foreign: [foreign('f1', '2026-01-01', '2026-12-01', ['www.example.com'])],
    targets: { 'web:443': 'f1' },
    actions: [],
    statuses: ['shop failed'],
  }),
  row('refuses a staging CA over a certificate of production also when forced', {
    now: '2026-02-01',
    desired: [entry('shop', { directoryUrl: STAGING })],
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    force: ['shop'],
    actions: [],
    statuses: ['shop failed'],
  }),
  row('takes a staging CA over a certificate of production when the entry allows it', {
    now: '2026-02-01',
    desired: [entry('shop', { directoryUrl: STAGING, allowStaging: true })],
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    actions: ['issue shop issuer-changed', 'attach shop web:443 new issuer-changed, else a1'],
  }),
  row('refuses a staging CA over a foreign certificate that is to be taken over now', {
    now: '2026-02-01',
    desired: [entry('shop', { directoryUrl: STAGING, takeOver: 'now' })],
    foreign: [foreign('f1', '2026-01-01', '2026-12-01', ['www.example.com'])],
    targets: { 'web:443': 'f1' },
    actions: [],
    statuses: ['shop failed'],
  }),
  row('renews a certificate of a staging CA by the same', {
    now: '2026-03-10',
    desired: [entry('shop', { directoryUrl: STAGING })],
    stored: [ours('a1', '2026-01-01', '2026-04-01', { directoryUrl: STAGING })],
    targets: { 'web:443': 'a1' },
    actions: ['issue shop renewal-due', 'attach shop web:443 new renewal-due, else a1'],
  }),
  row('changes the key type of a certificate of a staging CA', {
    now: '2026-02-01',
    desired: [entry('shop', { directoryUrl: STAGING, keyType: 'ecdsa' })],
    stored: [ours('a1', '2026-01-01', '2026-04-01', { directoryUrl: STAGING })],
    targets: { 'web:443': 'a1' },
    actions: ['issue shop key-type-changed', 'attach shop web:443 new key-type-changed, else a1'],
  }),
  row('goes from a staging CA to production', {
    now: '2026-02-01',
    stored: [ours('a1', '2026-01-01', '2026-04-01', { directoryUrl: STAGING })],
    targets: { 'web:443': 'a1' },
    actions: ['issue shop issuer-changed', 'attach shop web:443 new issuer-changed, else a1'],
  }),
]
