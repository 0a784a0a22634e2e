/** One page in `docs/targets/` for each kind of target, from its row. Pure. */
import * as z from 'zod'
import type { StoreName, TargetKind, TargetKinds, TargetPermission } from '../lambda/domain/targets.ts'

const STORES: Readonly<Record<StoreName, string>> = {
  iam: 'IAM, as a server certificate under the path of the deployment',
}

/** @returns by path: the pages */
export function targetPages(kinds: TargetKinds, note: string): Record<string, string> {
  return Object.fromEntries(kinds.map((kind) => [`docs/targets/${kind.kind}.md`, targetPage(kind, note)]))
}

function targetPage(kind: TargetKind, note: string): string {
  const { configKey, title, shape, store, permissions, notes } = kind
  return `${note}
# ${title[0]?.toUpperCase()}${title.slice(1)}

${notes.join('\n')}

The key and chain of its certificate are kept in ${STORES[store]}.

## In the configuration

In an entry, or in one of its \`targets\`, under the key \`${configKey}\`:

| key | |
| --- | --- |
${keyRows(shape).join('\n')}

## Permissions

| statement | actions | what it does |
| --- | --- | --- |
${permissions.map(permissionRow).join('\n')}

The role may do this for the targets that the configuration names, and nothing more: see [permissions](../permissions.md).
`
}

function keyRows(shape: z.ZodObject): string[] {
  const { properties = {} } = z.toJSONSchema(shape) as {
    properties?: Readonly<Record<string, { description?: string }>>
  }
  return Object.entries(properties).map(([key, { description = '' }]) => `| \`${key}\` | ${description} |`)
}

function permissionRow({ sid, actions, why, page }: TargetPermission): string {
  return `| ${sid} | ${actions.map((action) => `\`${action}\``).join(', ')} ([AWS](${page})) | ${why} |`
}
