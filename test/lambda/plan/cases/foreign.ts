/** Certificates that this tool did not make. */
import { entry, foreign, ours, type PlanCase, row } from '../plan-case.ts'

export const foreignCases: readonly PlanCase[] = [
  row('leaves a foreign certificate that covers the hosts and is not due', {
    now: '2026-02-01',
    foreign: [foreign('f1', '2026-01-01', '2026-12-01', ['www.example.com'])],
    targets: { 'web:443': 'f1' },
    actions: [],
    statuses: ['shop settled'],
  }),
  row('leaves a foreign wildcard that covers the hosts', {
    now: '2026-02-01',
    foreign: [foreign('f1', '2026-01-01', '2026-12-01', ['*.example.com'])],
    targets: { 'web:443': 'f1' },
    actions: [],
    statuses: ['shop settled'],
  }),
  row('replaces a foreign certificate that is due', {
    now: '2026-11-25',
    foreign: [foreign('f1', '2026-01-01', '2026-12-01', ['www.example.com'])],
    targets: { 'web:443': 'f1' },
    actions: ['issue shop renewal-due urgent', 'attach shop web:443 new renewal-due, else f1'],
  }),
  row('replaces a foreign certificate that does not cover a host', {
    now: '2026-02-01',
    desired: [entry('shop', { hosts: ['www.example.com', 'example.com'] })],
    foreign: [foreign('f1', '2026-01-01', '2026-12-01', ['*.example.com'])],
    targets: { 'web:443': 'f1' },
    actions: ['issue shop hosts-changed', 'attach shop web:443 new hosts-changed, else f1'],
  }),
  row('replaces a foreign certificate at once when told to take over now', {
    now: '2026-02-01',
    desired: [entry('shop', { takeOver: 'now' })],
    foreign: [foreign('f1', '2026-01-01', '2026-12-01', ['www.example.com'])],
    targets: { 'web:443': 'f1' },
    actions: ['issue shop missing', 'attach shop web:443 new missing, else f1'],
  }),
  row('replaces a foreign certificate that is not due when forced', {
    now: '2026-02-01',
    foreign: [foreign('f1', '2026-01-01', '2026-12-01', ['www.example.com'])],
    targets: { 'web:443': 'f1' },
    force: ['shop'],
    actions: ['issue shop forced', 'attach shop web:443 new forced, else f1'],
  }),
  row('holds back a foreign certificate that cannot be read', {
    now: '2026-02-01',
    targets: { 'web:443': 'unreadable' },
    actions: [],
    statuses: ['shop held-back'],
  }),
  row('replaces a foreign certificate that cannot be read when told to take over now', {
    now: '2026-02-01',
    desired: [entry('shop', { takeOver: 'now' })],
    targets: { 'web:443': 'unreadable' },
    actions: ['issue shop missing', 'attach shop web:443 new missing, else unreadable'],
  }),
  row('replaces the due one of two foreign certificates and leaves the other', {
    now: '2026-11-25',
    desired: [entry('shop', { targets: ['web:443', 'api:443'] })],
    foreign: [
      foreign('f1', '2026-01-01', '2026-12-01', ['www.example.com']),
      foreign('f2', '2026-09-01', '2027-09-01', ['www.example.com']),
    ],
    targets: { 'web:443': 'f1', 'api:443': 'f2' },
    actions: ['issue shop renewal-due urgent', 'attach shop web:443 new renewal-due, else f1'],
    statuses: ['shop settled'],
  }),
  row('attaches a stored one of ours when the foreign certificate becomes due', {
    now: '2026-11-25',
    stored: [ours('a1', '2026-11-20', '2027-02-18')],
    foreign: [foreign('f1', '2026-01-01', '2026-12-01', ['www.example.com'])],
    targets: { 'web:443': 'f1' },
    actions: ['attach shop web:443 a1 not-attached, else f1'],
  }),
]
