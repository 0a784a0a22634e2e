import { describe, expect, it } from 'vitest'
import { createClock } from './clock.ts'

const SPEED = 1_000_000

describe('a clock of the sandbox', () => {
  it('stands still while nobody sleeps, however long the machine takes', async () => {
    const clock = createClock(0, SPEED)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(clock.now()).toBe(0)
  })

  it('shows at the end of a sleep exactly as much more as was slept', async () => {
    const clock = createClock(0, SPEED)
    await clock.sleep(60_000)
    await clock.sleep(1_000)
    expect(clock.now()).toBe(61_000)
  })

  it('counts sleeps side by side once', async () => {
    const clock = createClock(0, SPEED)
    await Promise.all([clock.sleep(5_000), clock.sleep(60_000), clock.sleep(60_000)])
    expect(clock.now()).toBe(60_000)
  })

  it('wakes sleepers whose time has come when it is put forward', async () => {
    const clock = createClock(0, 1 / SPEED)
    const slept = clock.sleep(60_000)
    clock.advance(90_000)
    await slept
    expect(clock.now()).toBe(90_000)
  })

  it('lets nobody wake up before work is done that takes none of its time', async () => {
    const clock = createClock(0, SPEED)
    const { promise, resolve: finish } = Promise.withResolvers<void>()
    const work = clock.during(promise)
    let isAwake = false
    const slept = clock.sleep(1_000).then(() => {
      isAwake = true
    })
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect({ isAwake, now: clock.now() }).toEqual({ isAwake: false, now: 0 })
    finish()
    await Promise.all([work, slept])
    expect(clock.now()).toBe(1_000)
  })

  it('moves with each call to AWS', () => {
    const clock = createClock(0, SPEED, 100)
    clock.noteCall()
    clock.noteCall()
    expect(clock.now()).toBe(200)
  })
})
