/**
 * What may import what: a row a room, from the top of `lambda/` down to its foundation. A room may import itself, the
 * rooms that its row names, and these packages; `import type` counts. The figure in `lambda/README.md` is drawn from
 * this table, and `imports.test.ts` holds every import line of the tree to it.
 */

export interface Row {
  /** Folder or file; the row with the longest matching path holds, and a file with a row of its own is a room. */
  readonly room: string
  /** For the figure: what is done there. */
  readonly does: string
  readonly rooms: readonly string[]
  /** A name that ends with `*` stands for all that begin so. */
  readonly packages: readonly string[]
  /** The files of this room do not import each other. */
  readonly isApart?: boolean
}

const STAGE = ['lambda/context.ts', 'lambda/parallel.ts', 'lambda/ports.ts', 'lambda/plan', 'lambda/domain']
const NODE_PURE = ['node:crypto']

export const RULES: readonly Row[] = [
  {
    room: 'bin',
    does: 'the command line and the CDK app',
    rooms: ['lib', 'lambda/compose.ts', 'lambda/run', 'lambda/report', 'lambda/domain'],
    packages: ['aws-cdk-lib', 'node:*'],
  },
  {
    room: 'lib',
    does: 'the constructs, at synth time',
    rooms: ['lambda/config', 'lambda/domain'],
    packages: ['aws-cdk-lib*', 'constructs', 'croner', 'node:*'],
  },
  {
    room: 'lambda/handler.ts',
    does: 'the scheduled function',
    rooms: [
      'lambda/compose.ts',
      'lambda/run',
      'lambda/config',
      'lambda/ports.ts',
      'lambda/report',
      'lambda/domain',
    ],
    packages: ['node:crypto', 'node:fs'],
  },
  {
    room: 'lambda/compose.ts',
    does: 'which adapter stands behind which port',
    rooms: [
      'lambda/adapters',
      'lambda/adapters/acme/authority.ts',
      'lambda/adapters/dns-01',
      'lambda/ports.ts',
      'lambda/domain',
    ],
    packages: ['@aws-sdk/*'],
  },
  {
    room: 'lambda/run',
    does: 'one run: passes, waves, what is carried from pass to pass',
    rooms: [
      'lambda/clean-up',
      'lambda/install',
      'lambda/issue',
      'lambda/ari',
      'lambda/observe.ts',
      'lambda/state',
      ...STAGE,
      'lambda/report',
      'lambda/limits',
      'lambda/config',
    ],
    packages: ['zod'],
  },
  {
    room: 'lambda/clean-up',
    does: 'what earlier runs left behind; what is superseded',
    rooms: STAGE,
    packages: [],
  },
  {
    room: 'lambda/install',
    does: 'store, attach, verify, undo',
    rooms: ['lambda/issue', 'lambda/ari', 'lambda/state', 'lambda/poll.ts', ...STAGE],
    packages: [],
  },
  {
    room: 'lambda/issue',
    does: 'order or resume, prove the hosts, finalize',
    rooms: ['lambda/ari', 'lambda/state', ...STAGE],
    packages: ['@peculiar/x509', ...NODE_PURE],
  },
  {
    room: 'lambda/ari',
    does: 'ask the CA when to renew',
    rooms: ['lambda/state', ...STAGE],
    packages: ['@peculiar/x509', ...NODE_PURE],
  },
  {
    room: 'lambda/observe.ts',
    does: 'look at what is there',
    rooms: ['lambda/context.ts', 'lambda/parallel.ts', 'lambda/ports.ts', 'lambda/domain'],
    packages: [],
  },
  {
    room: 'lambda/context.ts',
    does: 'what every stage works with',
    rooms: ['lambda/state', 'lambda/ports.ts', 'lambda/domain'],
    packages: [],
  },
  {
    room: 'lambda/state',
    does: 'the lease; what earlier runs left to know, and what this one leaves',
    rooms: ['lambda/parallel.ts', 'lambda/ports.ts', 'lambda/limits', 'lambda/domain'],
    packages: ['zod'],
  },
  {
    room: 'lambda/adapters',
    does: 'one client each, behind a port',
    rooms: [
      'lambda/adapters/ssm-parameter.ts',
      'lambda/adapters/aws-call.ts',
      'lambda/ports.ts',
      'lambda/domain',
    ],
    packages: ['@aws-sdk/*', 'zod', 'node:*'],
    isApart: true,
  },
  {
    room: 'lambda/adapters/dns-01',
    does: 'hosts proven by TXT records in Route53',
    rooms: ['lambda/adapters/aws-call.ts', 'lambda/poll.ts', 'lambda/ports.ts', 'lambda/domain'],
    packages: ['@aws-sdk/*'],
  },
  {
    room: 'lambda/adapters/acme/authority.ts',
    does: 'the only file that imports the ACME library',
    rooms: ['lambda/adapters/acme', 'lambda/poll.ts', 'lambda/ports.ts', 'lambda/domain'],
    packages: ['acme-client'],
  },
  {
    room: 'lambda/adapters/acme',
    does: 'the CA',
    rooms: ['lambda/ports.ts', 'lambda/domain'],
    packages: ['node:https', 'node:tls'],
  },
  {
    room: 'lambda/adapters/ssm-parameter.ts',
    does: 'one parameter, read or put once',
    rooms: ['lambda/adapters/aws-call.ts'],
    packages: ['@aws-sdk/client-ssm'],
  },
  {
    room: 'lambda/adapters/aws-call.ts',
    does: 'calls to AWS, with errors of ours',
    rooms: ['lambda/domain'],
    packages: [],
  },
  {
    room: 'lambda/poll.ts',
    does: 'ask again until there is an answer',
    rooms: ['lambda/ports.ts', 'lambda/domain'],
    packages: [],
  },
  {
    room: 'lambda/parallel.ts',
    does: 'many certificates at once',
    rooms: ['lambda/ports.ts', 'lambda/domain'],
    packages: ['p-limit'],
  },
  {
    room: 'lambda/ports.ts',
    does: 'what the stages need from outside',
    rooms: ['lambda/domain'],
    packages: NODE_PURE,
  },
  {
    room: 'lambda/report',
    does: 'what is reported: outcomes, events, metrics',
    rooms: ['lambda/limits', 'lambda/plan', 'lambda/domain'],
    packages: [],
  },
  {
    room: 'lambda/limits',
    does: 'what is held back',
    rooms: ['lambda/plan', 'lambda/domain'],
    packages: ['tldts'],
  },
  {
    room: 'lambda/plan',
    does: 'the decision, all of it',
    rooms: ['lambda/domain'],
    packages: NODE_PURE,
  },
  {
    room: 'lambda/config',
    does: 'the file as text -> certificates, or every problem at once',
    rooms: ['lambda/domain'],
    packages: ['zod', 'jsonc-parser', 'node:url'],
  },
  {
    room: 'lambda/domain',
    does: 'words, tables, names',
    rooms: [],
    packages: ['zod', ...NODE_PURE],
  },
]

/** One import line. */
export interface ImportLine {
  readonly file: string
  /** A path from the root, or the name of a package. */
  readonly imported: string
}

/** @returns `null` for a file of no room: tests, scripts */
export function roomOf(file: string): Row | null {
  const rows = RULES.filter(({ room }) => file === room || file.startsWith(`${room}/`))
  return rows.sort((a, b) => b.room.length - a.room.length)[0] ?? null
}

/** @returns why an import is not allowed; `null` when it is */
export function faultOf({ file, imported }: ImportLine): string | null {
  const row = roomOf(file)
  if (!row) return null
  const isFile = imported.endsWith('.ts')
  const isAllowed = isFile ? mayImportFile(row, file, imported) : matches(row.packages, imported)
  return isAllowed ? null : `${file} imports ${imported}, which the row ${row.room} does not name`
}

function mayImportFile(row: Row, file: string, imported: string): boolean {
  const target = roomOf(imported)
  if (target === null) return false
  if (target !== row) return row.rooms.includes(target.room)
  return !row.isApart || file === imported
}

function matches(names: readonly string[], imported: string): boolean {
  return names.some((name) =>
    name.endsWith('*') ? imported.startsWith(name.slice(0, -1)) : imported === name,
  )
}
