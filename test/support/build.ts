/** What is deployed is what is tested: the handler is bundled once before the tests that synthesise it. */
export { buildAll as setup } from '../../scripts/build.ts'
