/** Reasons to issue, and their order. */
import { entry, ours, type PlanCase, row } from '../plan-case.ts'

export const checksCases: readonly PlanCase[] = [
  row('leaves a fresh certificate of ours alone', {
    now: '2026-02-01',
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    actions: [],
    statuses: ['shop settled'],
  }),
  row('issues when the hosts changed', {
    now: '2026-02-01',
    stored: [ours('a1', '2026-01-01', '2026-04-01', { hosts: ['old.example.com'] })],
    targets: { 'web:443': 'a1' },
    actions: ['issue shop hosts-changed', 'attach shop web:443 new hosts-changed, else a1'],
  }),
  row('issues when a host was added', {
    now: '2026-02-01',
    desired: [entry('shop', { hosts: ['www.example.com', 'api.example.com'] })],
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    actions: ['issue shop hosts-changed', 'attach shop web:443 new hosts-changed, else a1'],
  }),
  row('does not issue when only the order of hosts changed', {
    now: '2026-02-01',
    desired: [entry('shop', { hosts: ['b.example.com', 'a.example.com'] })],
    stored: [ours('a1', '2026-01-01', '2026-04-01', { hosts: ['a.example.com', 'b.example.com'] })],
    targets: { 'web:443': 'a1' },
    actions: [],
    statuses: ['shop settled'],
  }),
  row('issues when the key type changed', {
    now: '2026-02-01',
    desired: [entry('shop', { keyType: 'ecdsa' })],
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    actions: ['issue shop key-type-changed', 'attach shop web:443 new key-type-changed, else a1'],
  }),
  row('issues when the profile changed', {
    now: '2026-02-01',
    desired: [entry('shop', { profile: 'tlsserver' })],
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    actions: ['issue shop profile-changed', 'attach shop web:443 new profile-changed, else a1'],
  }),
  row('issues when a profile was taken away', {
    now: '2026-02-01',
    stored: [ours('a1', '2026-01-01', '2026-04-01', { profile: 'tlsserver' })],
    targets: { 'web:443': 'a1' },
    actions: ['issue shop profile-changed', 'attach shop web:443 new profile-changed, else a1'],
  }),
  row('issues when the CA changed', {
    now: '2026-02-01',
    desired: [entry('shop', { directoryUrl: 'https://other.test/directory' })],
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    actions: ['issue shop issuer-changed', 'attach shop web:443 new issuer-changed, else a1'],
  }),
  row('issues when the specification changed and the tags that would tell how are lost', {
    now: '2026-02-01',
    desired: [entry('shop', { keyType: 'ecdsa' })],
    stored: [ours('a1', '2026-01-01', '2026-04-01', { withoutTags: true })],
    targets: { 'web:443': 'a1' },
    actions: ['issue shop specification-changed', 'attach shop web:443 new specification-changed, else a1'],
  }),
  row('issues when renewal is due', {
    now: '2026-03-10',
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    actions: ['issue shop renewal-due', 'attach shop web:443 new renewal-due, else a1'],
  }),
  row('issues what has expired', {
    now: '2026-05-01',
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    actions: ['issue shop renewal-due urgent', 'attach shop web:443 new renewal-due, else a1'],
  }),
  row('issues what is forced', {
    now: '2026-02-01',
    stored: [ours('a1', '2026-01-01', '2026-04-01')],
    targets: { 'web:443': 'a1' },
    force: ['shop'],
    actions: ['issue shop forced', 'attach shop web:443 new forced, else a1'],
  }),
  row('forces only what is named', {
    now: '2026-02-01',
    desired: [entry('a', { targets: ['a:443'] }), entry('b', { targets: ['b:443'] })],
    stored: [
      ours('a1', '2026-01-01', '2026-04-01', { id: 'a' }),
      ours('b1', '2026-01-01', '2026-04-01', { id: 'b' }),
    ],
    targets: { 'a:443': 'a1', 'b:443': 'b1' },
    force: ['b'],
    actions: ['issue b forced', 'attach b b:443 new forced, else b1'],
    statuses: ['a settled'],
  }),
]
