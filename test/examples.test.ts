import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { parseConfig } from '../lambda/config/parse.ts'

const FOLDER = new URL('../examples/', import.meta.url)
const FILES = readdirSync(FOLDER).filter((file) => file.endsWith('.json'))

describe('the examples', () => {
  it.each(FILES)('%s is a configuration without a warning', (file) => {
    const { config, warnings } = parseConfig(readFileSync(new URL(file, FOLDER), 'utf8'))
    expect(config.certificates.length).toBeGreaterThan(0)
    expect(warnings).toEqual([])
  })
})
