/** One stack with the construct in it, and its template. */
import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { expect } from 'vitest'
import { CertificateRotation, type CertificateRotationProps } from '../../lib/index.ts'

export const CONFIG = [{ name: 'shop', hosts: ['www.example.com'], elb: { name: 'web' } }]

export function synth(
  props: Partial<CertificateRotationProps> = {},
  prepare: (stack: Stack) => void = () => undefined,
) {
  const app = new App()
  const stack = new Stack(app, 'shop')
  prepare(stack)
  new CertificateRotation(stack, 'Rotation', { config: CONFIG, ...props })
  return { app, stack, template: Template.fromStack(stack) }
}

/** The one resource of a type. */
// biome-ignore lint/suspicious/noExplicitAny: a template's properties have no types
export function one(template: Template, type: string): { id: string; Properties: any; DependsOn?: string[] } {
  const found = Object.entries(template.findResources(type))
  expect(found, type).toHaveLength(1)
  const [[id, resource] = ['', {}]] = found
  return { id, ...(resource as { Properties: object; DependsOn?: string[] }) }
}

export const ids = (template: Template, type: string) => Object.keys(template.findResources(type))
