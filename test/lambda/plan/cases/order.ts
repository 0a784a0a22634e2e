/** What goes first. */
import { entry, ours, type PlanCase, row } from '../plan-case.ts'

export const orderCases: readonly PlanCase[] = [
  row('says hosts before key type', {
    now: '2026-02-01',
    desired: [entry('shop', { keyType: 'ecdsa' })],
    stored: [ours('a1', '2026-01-01', '2026-04-01', { hosts: ['old.example.com'] })],
    targets: { 'web:443': 'a1' },
    actions: ['issue shop hosts-changed', 'attach shop web:443 new hosts-changed, else a1'],
  }),
  row('says key type before profile', {
    now: '2026-02-01',
    desired: [entry('shop', { keyType: 'ecdsa', profile: 'tlsserver' })],
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    actions: ['issue shop key-type-changed', 'attach shop web:443 new key-type-changed, else a1'],
  }),
  row('says profile before issuer', {
    now: '2026-02-01',
    desired: [entry('shop', { profile: 'tlsserver', directoryUrl: 'https://other.test/directory' })],
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    actions: ['issue shop profile-changed', 'attach shop web:443 new profile-changed, else a1'],
  }),
  row('says issuer before renewal', {
    now: '2026-03-10',
    desired: [entry('shop', { directoryUrl: 'https://other.test/directory' })],
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    actions: ['issue shop issuer-changed', 'attach shop web:443 new issuer-changed, else a1'],
  }),
  row('says renewal before forced', {
    now: '2026-03-10',
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    force: ['shop'],
    actions: ['issue shop renewal-due', 'attach shop web:443 new renewal-due, else a1'],
  }),
  row('puts the one nearest to its end first, and certificates that end together by name', {
    now: '2026-03-10',
    desired: [
      entry('c', { targets: ['c:443'] }),
      entry('a', { targets: ['a:443'] }),
      entry('b', { targets: ['b:443'] }),
    ],
    stored: [
      ours('a1', '2026-01-02', '2026-04-02', { id: 'a' }),
      ours('b1', '2026-01-01', '2026-04-01', { id: 'b' }),
      ours('c1', '2026-01-02', '2026-04-02', { id: 'c' }),
    ],
    targets: { 'a:443': 'a1', 'b:443': 'b1', 'c:443': 'c1' },
    actions: [
      'issue b renewal-due',
      'attach b b:443 new renewal-due, else b1',
      'issue a renewal-due',
      'attach a a:443 new renewal-due, else a1',
      'issue c renewal-due',
      'attach c c:443 new renewal-due, else c1',
    ],
  }),
  row('takes first what had no time in the last run, whatever ends sooner', {
    now: '2026-02-01',
    desired: [entry('a', { targets: ['a:443'] }), entry('b', { targets: ['b:443'] })],
    stored: [
      ours('a1', '2025-11-20', '2026-02-18', { id: 'a' }),
      ours('b1', '2025-11-28', '2026-02-26', { id: 'b' }),
    ],
    targets: { 'a:443': 'a1', 'b:443': 'b1' },
    rememberedOf: { b: { postponed: true } },
    actions: [
      'issue b renewal-due',
      'attach b b:443 new renewal-due, else b1',
      'issue a renewal-due',
      'attach a a:443 new renewal-due, else a1',
    ],
  }),
]
