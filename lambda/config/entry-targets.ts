/** The targets of one entry, read by the rows of their kinds. Problems are collected, never thrown. Pure. */
import type { Target } from '../domain/model.ts'
import type { TargetKind, TargetKinds } from '../domain/targets.ts'
import { type Path, type Problem, toPath } from './problems.ts'
import type { EntryShape } from './schema.ts'

/** One target under the key of its kind, or several in `targets`. */
export function readTargets(
  shape: EntryShape,
  path: Path,
  kinds: TargetKinds,
  problems: Problem[],
): Target[] {
  const own = kinds.filter(({ configKey }) => shape[configKey] !== undefined)
  const keys = [...own.map(({ configKey }) => configKey), ...(shape.targets ? ['targets'] : [])]
  if (keys.length !== 1)
    problems.push({
      path: toPath(path),
      found: keys.length > 1 ? `both ${keys.join(' and ')}` : `neither ${allKeys(kinds).join(' nor ')}`,
      expected: 'one of them',
    })
  const read = (written: Readonly<Record<string, unknown>>, at: Path) =>
    kinds
      .filter(({ configKey }) => written[configKey] !== undefined)
      .flatMap((kind) => readTarget(kind, written[kind.configKey], [...at, kind.configKey], problems))
  const listed = (shape.targets ?? []).flatMap((written, at) => {
    const where = [...path, 'targets', at]
    const count = kinds.filter(({ configKey }) => written[configKey] !== undefined).length
    if (count !== 1)
      problems.push({
        path: toPath(where),
        found: count === 0 ? 'no target' : `${count} targets`,
        expected: `one of ${kinds.map(({ configKey }) => configKey).join(', ')}`,
      })
    return read(written, where)
  })
  return [...read(shape, path), ...listed]
}

function allKeys(kinds: TargetKinds): string[] {
  return [...kinds.map(({ configKey }) => configKey), 'targets']
}

function readTarget(kind: TargetKind, written: unknown, path: Path, problems: Problem[]): Target[] {
  const target = kind.read(written)
  if ('kind' in target) return [target]
  problems.push({ path: toPath(path), ...target })
  return []
}
