/**
 * Metrics as CloudWatch reads them from log lines.
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import { expect } from 'vitest'
import { METRIC_DIMENSION, METRIC_NAMESPACE } from '../../lambda/domain/metrics.ts'

interface Embedded {
  readonly _aws: {
    readonly Timestamp: number
    readonly CloudWatchMetrics: readonly {
      readonly Namespace: string
      readonly Dimensions: readonly (readonly string[])[]
      readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[]
    }[]
  }
  readonly [field: string]: unknown
}

export interface Published {
  readonly namespace: string
  readonly dimensions: Readonly<Record<string, unknown>>
  readonly name: string
  readonly unit: string
}

/** @returns what CloudWatch would know each metric by */
export function publishedIn(lines: readonly string[]): Published[] {
  return lines.flatMap((line) => {
    const embedded = parse(line)
    return (embedded?._aws.CloudWatchMetrics ?? []).flatMap(({ Namespace, Dimensions, Metrics }) =>
      Metrics.map(({ Name, Unit }) => ({
        namespace: Namespace,
        dimensions: Object.fromEntries((Dimensions[0] ?? []).map((name) => [name, embedded?.[name]])),
        name: Name,
        unit: Unit,
      })),
    )
  })
}

/** @returns metrics by name; the lines without any are passed over */
export function metricsIn(lines: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {}
  for (const line of lines) {
    const embedded = parse(line)
    if (!embedded) continue
    expect(Number.isInteger(embedded._aws.Timestamp)).toBe(true)
    for (const { Namespace, Dimensions, Metrics } of embedded._aws.CloudWatchMetrics) {
      expect({ Namespace, Dimensions }).toEqual({
        Namespace: METRIC_NAMESPACE,
        Dimensions: [[METRIC_DIMENSION]],
      })
      expect(typeof embedded[METRIC_DIMENSION]).toBe('string')
      for (const { Name } of Metrics) {
        expect(typeof embedded[Name], `${Name} is a member of the root`).toBe('number')
        found[Name] = embedded[Name] as number
      }
    }
  }
  return found
}

function parse(line: string): Embedded | null {
  try {
    const read = JSON.parse(line) as Partial<Embedded> | null
    return read?._aws ? (read as Embedded) : null
  } catch {
    return null
  }
}
